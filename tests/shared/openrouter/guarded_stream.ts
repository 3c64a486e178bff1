/** A gateway's stream made by hand, and its delivery through the guard. */
import { assert, assertEquals } from "@std/assert";
import { readOpenRouterError } from "../../../shared/gateway/openrouter.ts";
import { joinBytes } from "../../../shared/http/sse.ts";
import { chatProtocol } from "../../../shared/openrouter/chat_protocol.ts";
import type { Protocol } from "../../../shared/openrouter/protocol.ts";
import { type Ending, StreamGuard } from "../../../shared/openrouter/stream_guard.ts";
import { COMMENT } from "../../support/upstream.ts";

const encoder = new TextEncoder();

/** How the gateway of a test behaves. */
export interface SourceOptions {
  /** How it ends after its pieces: properly, broken, silent, or with comments for ever. */
  end?: "close" | "reset" | "hang" | "comments";
  /** Pause before each piece, milliseconds. */
  pauseMs?: number;
}

/** The body of a response that gives one piece per read. */
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

/** What a test may set of a guard. */
export interface GuardSettings {
  idleMs?: number;
  lastsMs?: number;
  preface?: Uint8Array;
  protocol?: Protocol;
  /** The response's content type. */
  label?: string;
}

/** A guard that waits a minute for everything, unless `settings` says otherwise. */
export function createGuard(
  source: ReadableStream<Uint8Array<ArrayBuffer>> | null,
  { label = "text/event-stream", ...settings }: GuardSettings = {},
): StreamGuard {
  return new StreamGuard(new Response(source, { headers: { "Content-Type": label } }), {
    protocol: chatProtocol,
    readError: (body) => readOpenRouterError({ status: 200, body }),
    idleMs: 60_000,
    lastsMs: 60_000,
    ...settings,
  });
}

/** How a stream ended, with the code of an error in place of the error. */
export function toOutcome({ outcome }: Ending): string {
  return typeof outcome === "string" ? outcome : outcome.code;
}

/** Reads all that a guard delivers. */
export async function readAll(guard: StreamGuard): Promise<string> {
  const pieces: Uint8Array[] = [];
  for (let bytes; (bytes = await guard.read());) pieces.push(bytes);
  return new TextDecoder().decode(joinBytes(pieces));
}

/** Opens a guarded stream and reads it to its end. */
export async function guard(
  pieces: (string | Uint8Array)[],
  options: SourceOptions & GuardSettings = {},
) {
  const { end, pauseMs, ...settings } = options;
  const { source, state } = createSource(pieces, { end, pauseMs });
  const guard = createGuard(source, settings);
  await guard.open();
  const text = await readAll(guard);
  const ending = await guard.ended;
  return { text, outcome: toOutcome(ending), ending, cancelled: state.cancelled };
}

/** The same bytes in pieces of `size`. */
export function chop(bytes: Uint8Array, size: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, i) => bytes.slice(i * size, (i + 1) * size));
}

/** Checks that `text` is one whole error event of ours, with this code and nothing beside. */
export function assertErrorEvent(text: string, code: string): void {
  const [, json] = /^data: (.*)\n\n$/.exec(text) ?? [];
  const { error, ...more } = JSON.parse(json ?? "null") ?? {};
  assertEquals([error?.code, more], [code, {}], JSON.stringify(text));
  assert(error.message.length > 0);
}
