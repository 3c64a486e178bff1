/** A `fetch` whose requests and responses the page can watch. */
import "./element.ts";

/** A request of the client, as it was sent. */
export interface SentRequest {
  url: string;
  body?: string;
}

/** Called when a response begins; the returned function is called with each piece of its body. */
export type Watcher = (response: Response, request: SentRequest) => (text: string) => void;

/** Creates a `fetch` that shows each response to the watchers while it is read. */
export function createTappedFetch(...watchers: Watcher[]): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const request = { url: String(input), body: init?.body as string | undefined };
    const readers = watchers.map((watcher) => watcher(response, request));
    if (!response.body) return response;
    const [original, copy] = response.body.tee();
    void watch(copy, readers);
    const { status, statusText, headers } = response;
    return new Response(original, { status, statusText, headers });
  };
}

async function watch(
  copy: ReadableStream<Uint8Array>,
  readers: ((text: string) => void)[],
): Promise<void> {
  const decoder = new TextDecoder();
  try {
    for await (const bytes of copy) {
      const text = decoder.decode(bytes, { stream: true });
      for (const reader of readers) reader(text);
    }
  } catch {
    // The reader of the original gets the same error.
  }
}
