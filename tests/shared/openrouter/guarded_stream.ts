/** An upstream's stream made by hand, and the reading of it through the guard. */
import { assert, assertEquals } from "@std/assert";
import type { Chunk } from "../../../shared/openrouter/completion_events.ts";
import { guardCompletion } from "../../../shared/openrouter/stream_guard.ts";
import { COMMENT } from "../../support/upstream.ts";
import type { TokenUsage } from "../../../shared/token_usage.ts";

const encoder = new TextEncoder();

/** How the upstream of a test behaves. */
export interface SourceOptions {
  /** How it ends after its pieces: properly, broken, silent, or with comments for ever. */
  end?: "close" | "reset" | "hang" | "comments";
  /** Pause before each piece, milliseconds. */
  pauseMs?: number;
}

/** The body of an upstream answer that gives one piece per read. */
export function createSource(pieces: (string | Uint8Array)[], options: SourceOptions = {}) {
  const { end = "close", pauseMs = 0 } = options;
  const state = { cancelled: false };
  const left = Promise.withResolvers<void>();
  const rest = pieces.map((piece) => typeof piece === "string" ? encoder.encode(piece) : piece);

  async function pause(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const passed = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
    await Promise.race([passed, left.promise]);
    clearTimeout(timer);
  }

  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      if (pauseMs > 0) await pause(pauseMs);
      const piece = rest.shift() as Uint8Array<ArrayBuffer> | undefined;
      if (piece) return controller.enqueue(piece);
      if (end === "close") return controller.close();
      if (end === "reset") return controller.error(new TypeError("error reading a body"));
      if (end === "hang") return await left.promise;
      await pause(20);
      if (!state.cancelled) controller.enqueue(encoder.encode(COMMENT));
    },
    cancel() {
      state.cancelled = true;
      left.resolve();
    },
  }, { highWaterMark: 0 });
  return { source, state };
}

/** Options for a guard whose watchdog never barks; `outcomes` collects how streams ended. */
export function quiet(outcomes: string[] = []) {
  return {
    idleMs: 60_000,
    onFirst: () => {},
    onEnd: (outcome: string) => Promise.resolve(void outcomes.push(outcome)),
  };
}

/** Reads a guarded stream to its end. */
export async function guard(
  pieces: (string | Uint8Array)[],
  options: SourceOptions & { idleMs?: number; lastsMs?: number; preface?: Uint8Array } = {},
) {
  const { source, state } = createSource(pieces, options);
  const outcomes: [string, TokenUsage | undefined][] = [];
  let first: Chunk | undefined;
  const stream = await guardCompletion(new Response(source), {
    idleMs: options.idleMs ?? 60_000,
    lastsMs: options.lastsMs,
    preface: options.preface,
    onFirst: (chunk) => first = chunk,
    onEnd: (outcome, _events, usage) => Promise.resolve(void outcomes.push([outcome, usage])),
  });
  const text = await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).text();
  return { text, outcomes, first, cancelled: state.cancelled };
}

/** The same bytes in pieces of `size`. */
export function chop(bytes: Uint8Array, size: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, i) => bytes.slice(i * size, (i + 1) * size));
}

/** Checks that `text` is one whole error event of ours, with this code and nothing beside. */
export function assertErrorEvent(text: string, code: string): void {
  const [, json] = /^data: (.*)\n\n$/.exec(text) ?? [];
  const { error, choices, ...more } = JSON.parse(json ?? "null") ?? {};
  assertEquals([error?.code, choices, more], [code, undefined, {}], JSON.stringify(text));
  assert(error.message.length > 0);
}
