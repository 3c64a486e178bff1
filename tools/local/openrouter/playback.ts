/** Answers in pieces: what is written when, where it stalls, and where the connection breaks. */
import { pause } from "./pause.ts";
import type { Received } from "./received.ts";

/** One step of an answer in pieces. */
export interface Step {
  /** Milliseconds to wait before. */
  waitMs?: number;
  bytes?: Uint8Array;
  /** Tokens of the answer that these bytes deliver. */
  tokens?: number;
  /** Breaks the connection; nothing follows. */
  cut?: boolean;
}

/** Called once, when the answer is over, with the tokens that were delivered until then. */
type OnEnd = (end: { cancelled: boolean; tokens: number }) => void;

/**
 * Plays the steps as a response body, each when the one before was read.
 *
 * A client that leaves ends it at once, in the middle of any wait, and settles `received.cancelled`.
 */
export function playSteps(
  steps: Step[],
  received: Received,
  onEnd: OnEnd,
): ReadableStream<Uint8Array> {
  const client = new AbortController();
  let next = 0;
  let tokens = 0;
  received.playing = true;
  const end = (cancelled: boolean) => {
    received.settle(cancelled);
    onEnd({ cancelled, tokens });
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      while (next < steps.length) {
        const { waitMs = 0, bytes, tokens: delivered = 0, cut } = steps[next++];
        await pause(waitMs, client.signal);
        if (client.signal.aborted) return;
        if (cut) {
          end(false);
          return controller.error(createCut());
        }
        tokens += delivered;
        if (bytes?.length) return controller.enqueue(bytes);
      }
      end(false);
      controller.close();
    },
    cancel() {
      client.abort();
      end(true);
    },
  }, { highWaterMark: 0 });
}

/** Rewrites steps so that bytes come in pieces of `size`, whatever they belong to. */
export function chopSteps(steps: Step[], size: number): Step[] {
  const chopped: Step[] = [];
  let held: number[] = [];
  const flush = (least: number) => {
    for (; held.length >= least && held.length > 0; held = held.slice(size)) {
      chopped.push({ bytes: Uint8Array.from(held.slice(0, size)) });
    }
  };
  for (const { bytes, ...step } of steps) {
    if (step.cut) flush(1);
    chopped.push(step);
    for (const byte of bytes ?? []) {
      held.push(byte);
      flush(size);
    }
  }
  flush(1);
  return chopped;
}

/** Deno prints why a body broke; this is meant to be, so there is no stack to look at. */
function createCut(): Error {
  const error = new Error("The simulated OpenRouter cut the connection, as it was asked to");
  error.stack = error.message;
  return error;
}
