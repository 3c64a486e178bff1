/** An answer as the chunks of a stream, in all forms that OpenRouter is known to send. */
import { createError } from "../faults.ts";
import { type Generation, toUsage } from "../ledger.ts";
import type { Simulation } from "../simulation.ts";
import type { Answer } from "./answer.ts";
import { toContent, toEmptyError, toHead, toImagePart, toReasoningDetail } from "./completion.ts";
import { toTokens } from "./tokens.ts";
import type { ToolCall } from "./tool_calls.ts";

/** One chunk, and its output tokens. */
export interface Chunk {
  body: Record<string, unknown>;
  tokens: number;
}

type Delta = Record<string, unknown>;

/** Returns the chunks of the whole answer, without `[DONE]`. */
export function toChunks(
  answer: Answer,
  generation: Generation,
  simulation: Simulation,
): Chunk[] {
  const head = {
    ...toHead(answer, generation, "chat.completion.chunk"),
    ...toEmptyError(simulation),
  };
  const early = simulation.finish_every_chunk ? answer.finishReason : null;
  const chunk = (delta: Delta, tokens = 0, finish: string | null = early): Chunk => ({
    body: { ...head, choices: [toChoice(answer, simulation, delta, finish)] },
    tokens,
  });

  const mute = simulation.fail === "native";
  const chunks = mute
    ? [chunk({})]
    : toDeltas(answer, simulation).map(([delta, tokens]) => chunk(delta, tokens));
  const shape = simulation.tool_calls;
  const finishReason = shape === "no_finish" && answer.toolCalls.length > 0
    ? null
    : answer.finishReason;
  const finish = chunk({}, 0, finishReason);
  if (shape === "with_finish" && answer.toolCalls.length > 0) {
    const last = chunks.at(-1)!;
    const [choice] = last.body.choices as Record<string, unknown>[];
    const { nativeFinishReason } = answer;
    const ended = {
      ...choice,
      finish_reason: finishReason,
      native_finish_reason: nativeFinishReason,
    };
    last.body = { ...last.body, choices: [ended] };
  } else {
    chunks.push(finish);
  }
  if (simulation.repeat_finish) chunks.push(finish);

  const usage = toUsage(answer.model, answer.spending);
  switch (simulation.usage ?? "A") {
    case "A":
      chunks.push({ body: { ...finish.body, usage }, tokens: 0 });
      break;
    case "B":
      chunks.push({ body: { ...head, choices: [], usage }, tokens: 0 });
      break;
    case "C":
      chunks.push({ body: { ...chunk({}).body, usage }, tokens: 0 });
      break;
    case "D":
      chunks.at(-1)!.body = { ...chunks.at(-1)!.body, usage };
  }
  return chunks;
}

/** Returns the first chunk when the request asks for an echo: it contains the request to the provider. */
export function toDebugChunk({ body: { choices: _, ...head } }: Chunk, echo: unknown): Chunk {
  return { body: { ...head, choices: [], debug: { echo_upstream_body: echo } }, tokens: 0 };
}

/** Returns the chunk with an error. */
export function toErrorChunk(
  answer: Answer,
  generation: Generation,
  simulation: Simulation,
): Record<string, unknown> {
  const head = toHead(answer, generation, "chat.completion.chunk");
  const error = createError(simulation);
  const choice = {
    index: 0,
    delta: { content: "" },
    finish_reason: "error",
    native_finish_reason: "error",
  };
  if (simulation.fail === "choice") return { ...head, choices: [{ ...choice, error }] };
  switch (simulation.error_shape) {
    case "empty_choices":
      return { ...head, error, choices: [] };
    case "no_choices":
      return { error, user_id: "user_simulated" };
    case "string":
      return { ...head, error: error.message, choices: [] };
    default:
      return { ...head, error, choices: [choice] };
  }
}

function toChoice(answer: Answer, simulation: Simulation, delta: Delta, finish: string | null) {
  const content = simulation.content === "missing"
    ? {}
    : { content: simulation.content === "null" ? null : "" };
  const native = finish === null
    ? null
    : simulation.fail === "native"
    ? "network_error"
    : answer.nativeFinishReason;
  return {
    index: 0,
    delta: {
      role: "assistant",
      ...content,
      ...(simulation.audio && { audio: {} }),
      ...delta,
    },
    finish_reason: finish,
    native_finish_reason: native,
    logprobs: null,
  };
}

/** Returns the deltas of all chunks, with their output tokens. */
function toDeltas(answer: Answer, simulation: Simulation): [Delta, number][] {
  const { tool_calls: shape } = simulation;
  const { spending, reasoning, tokens, images, annotations, refusal, toolCalls } = answer;
  const deltas: [Delta, number][] = reasoning.map((text) => [
    { reasoning: text, reasoning_details: [toReasoningDetail(text)] },
    1,
  ]);
  // Most of the reasoning is not visible, but billed before the first word.
  const hidden = (spending.reasoningTokens ?? 0) - reasoning.length;
  if (hidden > 0) deltas.push([{}, hidden]);
  for (const text of tokens) deltas.push([{ content: toContent(text, simulation) }, 1]);
  const imageTokens = (spending.imageTokens ?? 0) / Math.max(images.length, 1);
  images.forEach((url, i) => deltas.push([{ images: [toImagePart(url, i)] }, imageTokens]));
  if (annotations.length > 0) deltas.push([{ annotations }, 0]);
  if (refusal) deltas.push([{ refusal }, 0]);
  toolCalls.forEach((call, i) => {
    const index = shape === "same_index" ? 0 : shape === "index_gap" ? i + 1 : i;
    deltas.push(...toCallDeltas(call, index, shape));
  });
  return deltas;
}

/** The forms in which a call comes in one chunk. */
const WHOLE_CALLS: Simulation["tool_calls"][] = ["whole", "with_finish", "object_arguments"];

function toCallDeltas(
  call: ToolCall,
  index: number,
  shape: Simulation["tool_calls"],
): [Delta, number][] {
  const { id, type, function: { name, arguments: text } } = call;
  const tokens = toTokens(text);
  const head = (given: unknown) => ({
    tool_calls: [{ index, id, type, function: { name, arguments: given } }],
  });
  if (WHOLE_CALLS.includes(shape)) {
    return [[head(shape === "object_arguments" ? JSON.parse(text) : text), tokens.length]];
  }
  const pieces = tokens.map((piece): [Delta, number] => [
    { tool_calls: [{ index, type, function: { arguments: piece } }] },
    1,
  ]);
  return [[head(""), 0], ...pieces];
}
