/** A response as the events of a stream: each part starts, grows and is finished. */
import type { Answer } from "../chat/answer.ts";
import { IMAGE_OUTPUT_TOKENS } from "../chat/answer.ts";
import type { Chunk } from "../chat/chunks.ts";
import { countTokens, toTokens } from "../chat/tokens.ts";
import { createError } from "../faults.ts";
import type { Inference } from "../inference.ts";
import type { Simulation } from "../simulation.ts";
import type { Item, Part } from "./output.ts";
import type { ResponsesRequest } from "./request.ts";
import { type ModelResponse, toError, toFailedResponse } from "./response.ts";

/** Returns the events of the whole response, without `[DONE]`. */
export function toEvents(
  response: ModelResponse,
  answer: Answer,
  simulation: Simulation,
): Chunk[] {
  const begun = {
    ...response,
    status: "in_progress",
    incomplete_details: null,
    completed_at: null,
    output: [],
    usage: null,
  };
  return [
    toEvent("response.created", { response: begun }),
    toEvent("response.in_progress", { response: begun }),
    ...response.output.flatMap((item, output_index) => [
      toEvent("response.output_item.added", { output_index, item: toBeginning(item) }),
      ...toGrowth(item, output_index, simulation),
      toEvent("response.output_item.done", { output_index, item }, countHidden(item, answer)),
    ]),
    toEvent(`response.${response.status}`, { response }),
  ];
}

/** Returns the first event when the request asks for an echo: it contains the request to the provider. */
export function toDebugEvent(echo: unknown): Chunk {
  return toEvent("response.debug", { debug: { echo_upstream_body: echo } });
}

/** Returns the event with an error, in one of three forms. */
export function toErrorEvent(
  { request, generation, simulation }: Inference<ResponsesRequest>,
): Record<string, unknown> {
  const failure = createError(simulation);
  const { error_type, ...error } = toError(failure);
  switch (simulation.error_shape) {
    case "error":
      return { type: "error", ...error, param: null, error_type };
    case "response.error":
      return { type: "response.error", error, error_type };
    default: {
      const response = toFailedResponse(request, generation, failure);
      return { type: "response.failed", response };
    }
  }
}

function toEvent(type: string, rest: Record<string, unknown>, tokens = 0): Chunk {
  return { body: { type, ...rest }, tokens };
}

/** Returns an item without its content. */
function toBeginning(item: Item): Item {
  const empty: Record<string, Partial<Item>> = {
    function_call: { arguments: "" },
    image_generation_call: { result: null },
  };
  const { content } = item;
  return { ...item, ...(content && { content: [] }), ...empty[item.type], status: "in_progress" };
}

function toGrowth(item: Item, output_index: number, { tool_calls }: Simulation): Chunk[] {
  const place = { item_id: item.id, output_index };
  if (item.type === "function_call") {
    const { name, arguments: text = "" } = item;
    const pieces = tool_calls === "whole" ? [text] : toTokens(text);
    const kind = "response.function_call_arguments";
    return toPieces(kind, place, { pieces, done: { name, arguments: text } });
  }
  return (item.content ?? []).flatMap((part, i) => toPart(part, { ...place, content_index: i }));
}

function toPart(part: Part, place: Record<string, unknown>): Chunk[] {
  const { type, annotations = [] } = part;
  const [field, rest] = type === "refusal"
    ? ["refusal", {}] as const
    : ["text", type === "output_text" ? { annotations: [] } : {}] as const;
  const text = part[field]!;
  const logprobs = type === "output_text" ? { logprobs: [] } : {};
  const kind = `response.${type}`;
  return [
    toEvent("response.content_part.added", { ...place, part: { type, [field]: "", ...rest } }),
    ...toPieces(kind, { ...place, ...logprobs }, {
      pieces: toTokens(text),
      done: { [field]: text },
    }),
    ...annotations.map((annotation, annotation_index) =>
      toEvent(`${kind}.annotation.added`, { ...place, annotation_index, annotation })
    ),
    toEvent("response.content_part.done", { ...place, part }),
  ];
}

function toPieces(
  kind: string,
  place: Record<string, unknown>,
  { pieces, done }: { pieces: string[]; done: Record<string, unknown> },
): Chunk[] {
  return [
    ...pieces.map((delta) => toEvent(`${kind}.delta`, { ...place, delta }, countTokens(delta))),
    toEvent(`${kind}.done`, { ...place, ...done }),
  ];
}

/** Returns the tokens of an item that have no visible text. */
function countHidden({ type }: Item, { spending, reasoning }: Answer): number {
  if (type === "image_generation_call") return IMAGE_OUTPUT_TOKENS;
  return type === "reasoning" ? (spending.reasoningTokens ?? 0) - reasoning.length : 0;
}
