/** Chat completions: how their chunks, and whole completions, are read. */
import { toErrorEvent } from "../errors.ts";
import type { Fields } from "../fields.ts";
import { findError, findRefusal } from "../gateway/upstream_error.ts";
import type { TokenUsage } from "../token_usage.ts";
import { toArguments } from "./messages.ts";
import type { Protocol, Verdict } from "./protocol.ts";

/** Fields of a message, or of a piece of one, that a model fills. */
const OUTPUT_FIELDS = [
  "content",
  "reasoning",
  "reasoning_content",
  "reasoning_details",
  "refusal",
  "tool_calls",
  "function_call",
  "images",
  "annotations",
  "audio",
];
/** Matches no text of a model, because JSON escapes the quotes in it. */
const NOTABLE = /"(?:error|usage|(?:native_)?finish_reason)"\s*:\s*[^\sn]/;

/** Chat completions as OpenRouter and OpenAI stream them. */
export const chatProtocol: Protocol = {
  createReader: () => ({
    read: createChunkReader(),
    isNotable: (text) => NOTABLE.test(text),
    toErrorEvent,
  }),
  toEvents: toChunks,
  toResponse: toCompletion,
};

/**
 * Reads the chunks of one stream. A refusal is an error as long as the stream has brought no
 * output.
 */
function createChunkReader(): (chunk: Fields) => Verdict {
  let hasOutput = false;
  return (chunk) => {
    const verdict = readChunk(chunk);
    hasOutput ||= verdict.hasOutput ?? false;
    const [refusal] = hasOutput ? [] : listChoices(chunk).flatMap((one) => findRefusal(one) ?? []);
    return refusal ? { ...verdict, reports: { error: refusal } } : verdict;
  };
}

/** Reads a chunk of a stream, or a whole completion. All choices count, not the first alone. */
export function readChunk(chunk: Fields): Verdict {
  const choices = listChoices(chunk);
  return {
    id: chunk.id,
    model: chunk.model,
    usage: chunk.usage as TokenUsage | null | undefined,
    reports: chunk,
    // A turn that a filter ended was generated, and would be filtered again.
    hasOutput: choices.some(({ delta, message, finish_reason }) =>
      holdsOutput(delta ?? message) || finish_reason === "content_filter"
    ),
    finished: choices.some(({ finish_reason }) => Boolean(finish_reason)),
  };
}

interface Choice {
  index?: number;
  delta?: Fields | null;
  message?: Fields | null;
  finish_reason?: unknown;
  native_finish_reason?: unknown;
}

function listChoices({ choices }: Fields): Choice[] {
  return toObjects(choices);
}

function holdsOutput(message: unknown): boolean {
  return OUTPUT_FIELDS.some((name) => isFilled(Object(message)[name]));
}

function isFilled(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** A completion as the chunks of a stream: the whole message, then the end with the usage. */
function toChunks(completion: Fields): Fields[] {
  const { choices: _, usage, ...rest } = completion;
  const about = { ...rest, object: "chat.completion.chunk" };
  const choices = listChoices(completion);
  if (findError(completion)) return [completion];
  if (choices.length === 0) return [];
  return [
    {
      ...about,
      choices: choices.map(({ message, delta = message, index = 0 }) => ({
        index,
        delta: numberToolCalls(delta ?? {}),
        finish_reason: null,
      })),
    },
    {
      ...about,
      choices: choices.map(({ index = 0, finish_reason = null, native_finish_reason }) => ({
        index,
        delta: {},
        finish_reason,
        native_finish_reason,
      })),
      ...(usage ? { usage } : {}),
    },
  ];
}

/** Tool calls need an index in a stream, and have none in a completion. */
function numberToolCalls(message: Fields): Fields {
  const { tool_calls } = message;
  if (!Array.isArray(tool_calls)) return message;
  return { ...message, tool_calls: tool_calls.map((call, index) => ({ index, ...call })) };
}

/** Puts the chunks of a stream together again. An error in one of them is kept. */
function toCompletion(chunks: Fields[]): Fields | undefined {
  const known = chunks.filter((chunk) => listChoices(chunk).length > 0 || chunk.usage);
  const failed = chunks.find((chunk) => findError(chunk));
  if (failed) return failed;
  const [first] = known;
  if (!first) return undefined;
  const messages = new Map<number, Fields>();
  const ends = new Map<number, Choice>();
  for (const { index = 0, delta, message, ...end } of known.flatMap(listChoices)) {
    messages.set(index, mergeDelta(messages.get(index) ?? {}, delta ?? message ?? {}));
    if (end.finish_reason) ends.set(index, end);
  }
  return {
    ...first,
    object: "chat.completion",
    choices: [...messages].map(([index, message]) => ({
      index,
      finish_reason: null,
      ...ends.get(index),
      message: { role: "assistant", ...message },
    })),
    usage: known.findLast(({ usage }) => usage)?.usage,
  };
}

/**
 * Adds a piece to a message: texts go on, tool calls are joined by their index, lists are appended.
 */
function mergeDelta(message: Fields, delta: Fields): Fields {
  const merged: Fields = { ...message };
  for (const [name, piece] of Object.entries(delta)) {
    const before = merged[name];
    if (piece === null || piece === undefined) merged[name] ??= piece;
    else if (name === "tool_calls" && Array.isArray(piece)) {
      merged[name] = mergeToolCalls(toObjects(before), toObjects(piece));
    } else if (typeof before === "string" && typeof piece === "string" && name !== "role") {
      merged[name] = before + piece;
    } else if (Array.isArray(before) && Array.isArray(piece)) merged[name] = [...before, ...piece];
    else merged[name] = piece;
  }
  return merged;
}

function mergeToolCalls(calls: Fields[], pieces: Fields[]): Fields[] {
  const merged = [...calls];
  for (const piece of pieces) {
    const at = merged.findIndex(({ index }) => index === piece.index);
    const before = merged[at] ?? {};
    const [called, added] = [before.function, piece.function].map(Object) as [Fields, Fields];
    const text = toArguments(called.arguments) + toArguments(added.arguments);
    const call = { ...before, ...piece, function: { ...called, ...added, arguments: text } };
    merged.splice(at < 0 ? merged.length : at, 1, call);
  }
  return merged;
}

function toObjects(value: unknown): Fields[] {
  if (!Array.isArray(value)) return [];
  return value.filter((item) => typeof item === "object" && item !== null);
}
