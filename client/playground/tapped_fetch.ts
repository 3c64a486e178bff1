/** `fetch` with a second pair of eyes on what comes. */
import "./element.ts";

/** Who watches: is told that an answer has begun, and gives what is told how that one goes on. */
export type Watcher = (response: Response) => (text: string) => void;

/** Creates a `fetch` that shows each answer to the watchers while it is read. */
export function createTappedFetch(...watchers: Watcher[]): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const tell = watchers.map((watcher) => watcher(response));
    if (!response.body) return response;
    const [answer, copy] = response.body.tee();
    void watch(copy, tell);
    const { status, statusText, headers } = response;
    return new Response(answer, { status, statusText, headers });
  };
}

async function watch(
  copy: ReadableStream<Uint8Array>,
  tell: ((text: string) => void)[],
): Promise<void> {
  const decoder = new TextDecoder();
  try {
    for await (const bytes of copy) {
      const text = decoder.decode(bytes, { stream: true });
      for (const one of tell) one(text);
    }
  } catch {
    // Whoever reads the answer itself hears of it.
  }
}
