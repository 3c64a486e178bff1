/** The bytes of a gateway's response, and turns of the event loop to wait for more of them. */

/**
 * The size of one read. A chunk has some hundred bytes; Deno would allocate 64 KiB for each read.
 */
const READ_BYTES = 4_096;

/** InsForge's self-hosted worker lacks setImmediate. It delivers a response in one piece anyway. */
export const canGather: boolean = typeof setImmediate === "function";
let turn: Promise<void> | undefined;

/** Resolves in the next turn of the event loop; all streams wait for the same one. */
export function nextTurn(): Promise<void> {
  return turn ??= new Promise((resolve) => {
    setImmediate(() => {
      turn = undefined;
      resolve();
    });
  });
}

/** The part of a reader that a stream needs. */
export type Source = Pick<ReadableStreamDefaultReader<Uint8Array>, "read" | "cancel">;

/** Opens a body to be read in small buffers, as far as it allows that. */
export function openSource(body: ReadableStream<Uint8Array>): Source {
  try {
    const reader = body.getReader({ mode: "byob" });
    return {
      read: () => reader.read(new Uint8Array(READ_BYTES)),
      cancel: () => reader.cancel(),
    };
  } catch {
    return body.getReader(); // not a stream that `fetch` made
  }
}
