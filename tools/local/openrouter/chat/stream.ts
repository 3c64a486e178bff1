/** A streamed answer as steps to play: chunks, comments, and whatever shall go wrong between them. */
import { COMMENT, toInterruption } from "../interruption.ts";
import type { Generation } from "../ledger.ts";
import { chopSteps, type Step } from "../playback.ts";
import type { Simulation } from "../simulation.ts";
import type { Answer } from "./answer.ts";
import { type Chunk, toChunks, toErrorChunk } from "./chunks.ts";

const DONE: Step = { bytes: encode("data: [DONE]\n\n") };
const DEFAULT_AFTER = 3;

/** What the steps are made of beside the answer. */
export interface StreamOptions {
  chunkDelayMs: number;
  /** How each chunk is worded in the end. */
  toWire: (body: Record<string, unknown>) => Record<string, unknown>;
  /** What a debug chunk shows, where one was asked for. */
  echo?: unknown;
}

/** The steps of a stream that delivers the answer, or fails as asked. */
export function toStreamSteps(
  answer: Answer,
  generation: Generation,
  simulation: Simulation,
  { chunkDelayMs, toWire, echo }: StreamOptions,
): Step[] {
  const { fail, after = DEFAULT_AFTER, comments_before = 1, comments_between = 0, chop } =
    simulation;
  const waitMs = simulation.chunk_delay_ms ?? chunkDelayMs;
  const chunks = toChunks(answer, generation, simulation);
  if (echo !== undefined) chunks.unshift(toDebugChunk(chunks[0], echo));

  const interrupted = fail !== undefined && fail !== "native";
  const delivered = interrupted ? chunks.slice(0, Math.min(after, chunks.length - 1)) : chunks;
  const steps: Step[] = repeat(comments_before);
  delivered.forEach(({ body, tokens }, i) => {
    if (i > 0) steps.push(...repeat(comments_between));
    steps.push({ waitMs, bytes: toEvent(toWire(body)), tokens });
  });
  const erroneous = fail === "event" || fail === "choice";
  if (erroneous) {
    steps.push({ waitMs, bytes: toEvent(toWire(toErrorChunk(answer, generation, simulation))) });
  } else if (interrupted) {
    steps.push(...toInterruption(simulation, toEvent(toWire(chunks[delivered.length].body))));
  }
  // Nothing is known of `[DONE]` after an error: it comes there when asked for, else without asking.
  if (interrupted ? erroneous && simulation.done : simulation.done !== false) steps.push(DONE);
  return chop ? chopSteps(steps, chop) : steps;
}

function toDebugChunk({ body }: Chunk, echo: unknown): Chunk {
  const { choices: _, ...head } = body;
  return { body: { ...head, choices: [], debug: { echo_upstream_body: echo } }, tokens: 0 };
}

function repeat(count: number): Step[] {
  return Array.from({ length: count }, () => COMMENT);
}

function toEvent(body: unknown): Uint8Array {
  return encode(`data: ${JSON.stringify(body)}\n\n`);
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
