/** Reads server-sent events, however the network splits them. */

/** The data of the event that ends a stream. */
export const DONE = "[DONE]";

/**
 * Yields the data of each event as soon as the event is complete.
 *
 * The content type is not looked at: servers mislabel both forms. A body that begins with `{` is JSON
 * and becomes one event, followed by {@link DONE}. A body that can only be read as a whole gives the
 * same events as a stream. A broken connection ends the events without an error, because only their
 * content tells whether they were complete. Leaving the loop cancels the body.
 *
 * @throws the signal's reason once it is aborted.
 */
export async function* readEvents(
  response: Response,
  signal?: AbortSignal,
): AsyncGenerator<string, void> {
  let data: string[] = [];
  let line = "";
  let isJson: boolean | undefined;
  for await (const text of readText(response, signal)) {
    if (text.trim()) isJson ??= /^\s*\{/.test(text);
    const lines = isJson ? [text] : text.split("\n");
    // Joined after the split: a line may hold a whole image and must not be searched repeatedly.
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
  if (isJson) yield* [line, DONE];
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
    await reader?.cancel().catch(() => {}); // fails when the stream itself has failed
  }
}
