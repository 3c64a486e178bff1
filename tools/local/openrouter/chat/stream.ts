/** A stream as steps to play: chunks, comments, and requested failures. */
import { COMMENT, toInterruption } from "../interruption.ts";
import { chopSteps, type Step } from "../playback.ts";
import type { Simulation } from "../simulation.ts";
import type { Chunk } from "./chunks.ts";

const DONE: Step = { bytes: encode("data: [DONE]\n\n") };
const DEFAULT_AFTER = 3;

/** What the steps need besides the chunks. */
export interface StreamOptions {
  chunkDelayMs: number;
  /** The chunk with the requested error. */
  failure: Record<string, unknown>;
  /** Converts each chunk to its final form. Called once per chunk, in order. */
  toWire: (body: Record<string, unknown>) => Record<string, unknown>;
  /** Whether each event repeats its type in an `event:` line. */
  namesEvents?: boolean;
}

/** Returns the steps of a stream that delivers the chunks, or fails as requested. */
export function toStreamSteps(
  chunks: Chunk[],
  simulation: Simulation,
  { chunkDelayMs, failure, toWire, namesEvents }: StreamOptions,
): Step[] {
  const toEvent = (body: Record<string, unknown>) =>
    encode(`${namesEvents ? `event: ${body.type}\n` : ""}data: ${JSON.stringify(body)}\n\n`);
  const { fail, after = DEFAULT_AFTER, comments_before = 1, comments_between = 0 } = simulation;
  const { chop, first_delay_ms, comment_delay_ms = 0, line_end } = simulation;
  const waitMs = simulation.chunk_delay_ms ?? chunkDelayMs;
  const repeat = (count: number) =>
    Array.from({ length: count }, () => ({ ...COMMENT, waitMs: comment_delay_ms }));

  const interrupted = fail !== undefined && fail !== "native";
  const delivered = interrupted ? chunks.slice(0, Math.min(after, chunks.length - 1)) : chunks;
  const steps: Step[] = repeat(comments_before);
  delivered.forEach(({ body, tokens }, i) => {
    if (i > 0) steps.push(...repeat(comments_between));
    const delay = i === 0 ? first_delay_ms ?? waitMs : waitMs;
    steps.push({ waitMs: delay, bytes: toEvent(toWire(body)), tokens });
  });
  const erroneous = fail === "event" || fail === "choice";
  if (erroneous) {
    steps.push({ waitMs, bytes: toEvent(toWire(failure)) });
  } else if (interrupted) {
    steps.push(...toInterruption(simulation, toEvent(toWire(chunks[delivered.length]!.body))));
  }
  // Whether OpenRouter sends `[DONE]` after an error is unknown, so it is sent only on request.
  if (interrupted ? erroneous && simulation.done : simulation.done !== false) steps.push(DONE);
  const written = line_end === "crlf" ? steps.map(toCrlf) : steps;
  return chop ? chopSteps(written, chop) : written;
}

/** The same step with lines that end with CR and LF. */
function toCrlf({ bytes, ...step }: Step): Step {
  if (!bytes) return step;
  return { ...step, bytes: encode(new TextDecoder().decode(bytes).replaceAll("\n", "\r\n")) };
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
