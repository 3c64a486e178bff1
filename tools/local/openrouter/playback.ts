/** Responses in pieces: when each is written, where they stall, and where the connection is cut. */
import { pause } from "./pause.ts";
import type { Received } from "./received.ts";

/** One step of a response in pieces. */
export interface Step {
  /** Milliseconds to wait before this step. */
  waitMs?: number;
  bytes?: Uint8Array;
  /** The output tokens in these bytes. */
  tokens?: number;
  /** Cuts the connection. No step follows. */
  cut?: boolean;
}

/** Called once at the end, with the number of delivered output tokens. */
type OnEnd = (end: { cancelled: boolean; tokens: number }) => void;

/**
 * Plays the steps as a response body. A step starts when the previous one was read.
 *
 * When the connection is closed, the body ends at once and `received.cancelled` settles.
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
        const { waitMs = 0, bytes, tokens: delivered = 0, cut } = steps[next++]!;
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

/** Splits the bytes of steps into pieces of `size`, across the limits of steps. */
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

/** Deno prints the error of a body. This one is intended, so it needs no stack. */
function createCut(): Error {
  const error = new Error("The simulated OpenRouter cut the connection, as requested");
  error.stack = error.message;
  return error;
}
