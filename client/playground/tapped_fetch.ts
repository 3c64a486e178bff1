/** `fetch` with a second pair of eyes on what comes. */
import "./element.ts";

/** Who watches. */
export interface Watcher {
  /** An answer has begun. */
  begin(response: Response): void;
  /** It goes on, in the pieces in which it arrives. */
  append(text: string): void;
}

/** Creates a `fetch` that shows each answer to the watchers while it is read. */
export function createTappedFetch(...watchers: Watcher[]): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    for (const watcher of watchers) watcher.begin(response);
    if (!response.body) return response;
    const [answer, copy] = response.body.tee();
    void watch(copy, watchers);
    const { status, statusText, headers } = response;
    return new Response(answer, { status, statusText, headers });
  };
}

async function watch(copy: ReadableStream<Uint8Array>, watchers: Watcher[]): Promise<void> {
  const decoder = new TextDecoder();
  try {
    for await (const bytes of copy) {
      const text = decoder.decode(bytes, { stream: true });
      for (const watcher of watchers) watcher.append(text);
    }
  } catch {
    // Whoever reads the answer itself hears of it.
  }
}
