/** The data of server-sent events, wherever the network cut them apart. */

/**
 * Reads the data of one event after the other, as soon as each is whole.
 *
 * A stream that arrives in one piece, or that this platform can only read whole, gives the same
 * events. One that breaks off ends like any other: only what it said can tell whether it was
 * complete. Leaving the loop cancels the stream.
 *
 * @throws the signal's reason once that is aborted.
 */
export async function* readEvents(
  response: Response,
  signal?: AbortSignal,
): AsyncGenerator<string, void> {
  let data: string[] = [];
  let line = "";
  for await (const text of readText(response, signal)) {
    const lines = text.split("\n");
    // Joined after the split: a whole image may stand on one line, and is not to be searched again.
    lines[0] = line + lines[0];
    line = lines.pop()!;
    for (const ended of lines) {
      const field = ended.replace(/\r$/, "");
      if (field.startsWith("data:")) data.push(field.slice(field[5] === " " ? 6 : 5));
      if (field || data.length === 0) continue;
      signal?.throwIfAborted();
      yield data.join("\n");
      data = [];
    }
  }
}

async function* readText(response: Response, signal?: AbortSignal): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  try {
    reader = response.body?.getReader();
    // React Native has no streams.
    if (!reader) yield await response.text();
    for (let read; reader && !(read = await reader.read()).done;) {
      yield decoder.decode(read.value, { stream: true });
    }
    yield decoder.decode() + "\n\n"; // the last event may lack its empty line
  } catch {
    signal?.throwIfAborted();
  } finally {
    await reader?.cancel().catch(() => {}); // it may have broken by itself
  }
}
