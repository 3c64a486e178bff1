/** A response as one JSON body, successful or failed. */
import type { Answer } from "../chat/answer.ts";
import type { ErrorObject } from "../faults.ts";
import type { Inference } from "../inference.ts";
import { type Generation, toUsage } from "../ledger.ts";
import { type Item, toOutput } from "./output.ts";
import type { ResponsesRequest } from "./request.ts";

/** A response. */
export type ModelResponse = Record<string, unknown> & { status: string; output: Item[] };

/** Returns the response with an answer. */
export function toResponse(
  { request, generation, simulation }: Inference<ResponsesRequest>,
  answer: Answer,
): ModelResponse {
  const reason = INCOMPLETE[answer.finishReason];
  return {
    ...toHead(request, generation),
    model: answer.model.id,
    status: reason ? "incomplete" : "completed",
    incomplete_details: reason ? { reason } : null,
    completed_at: Math.floor(generation.createdAt / 1_000),
    output: toOutput(answer, generation, simulation),
    usage: simulation.usage === "none" ? null : toResponseUsage(answer),
  };
}

/** Returns a failed response. */
export function toFailedResponse(
  request: Pick<ResponsesRequest, "model">,
  generation: Pick<Generation, "id" | "createdAt">,
  error: ErrorObject,
): ModelResponse {
  const { error_type, ...told } = toError(error);
  return { ...toHead(request, generation), status: "failed", error: told, error_type };
}

/** Converts an error to the codes of responses. `error_type` is OpenRouter's own. */
export function toError({ code, message, metadata: { error_type } }: ErrorObject) {
  const word = typeof code === "string" ? code : WORDS[code] ?? "server_error";
  return { code: word, message, error_type };
}

const INCOMPLETE: Partial<Record<Answer["finishReason"], string>> = {
  length: "max_output_tokens",
  content_filter: "content_filter",
};

const WORDS: Record<number, string> = { 400: "invalid_prompt", 429: "rate_limit_exceeded" };

/** Returns the fields that a response has from its start, most of them from the request. */
function toHead(
  request: Partial<ResponsesRequest>,
  { id, createdAt }: Pick<Generation, "id" | "createdAt">,
) {
  return {
    id,
    object: "response",
    created_at: Math.floor(createdAt / 1_000),
    model: request.model,
    status: "in_progress",
    completed_at: null,
    output: [] as Item[],
    error: null,
    incomplete_details: null,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    temperature: request.temperature ?? null,
    top_p: request.top_p ?? null,
    presence_penalty: null,
    frequency_penalty: null,
    reasoning: request.reasoning ?? null,
    text: request.text ?? { format: { type: "text" } },
    tools: request.tools ?? [],
    tool_choice: request.tool_choice ?? "auto",
    parallel_tool_calls: true,
    metadata: request.metadata ?? {},
    store: false,
    background: false,
    previous_response_id: null,
    usage: null as unknown,
  };
}

function toResponseUsage({ model, spending }: Answer) {
  const usage = toUsage(model, spending);
  const { cached_tokens, cache_write_tokens } = usage.prompt_tokens_details;
  const { cost, is_byok, cost_details: costs, server_tool_use_details } = usage;
  return {
    input_tokens: usage.prompt_tokens,
    input_tokens_details: { cached_tokens, cache_write_tokens },
    output_tokens: usage.completion_tokens,
    output_tokens_details: { reasoning_tokens: usage.completion_tokens_details.reasoning_tokens },
    total_tokens: usage.total_tokens,
    cost,
    is_byok,
    cost_details: {
      upstream_inference_cost: costs.upstream_inference_cost,
      upstream_inference_input_cost: costs.upstream_inference_prompt_cost,
      upstream_inference_output_cost: costs.upstream_inference_completions_cost,
      server_tool_cost: costs.server_tool_cost,
    },
    ...(server_tool_use_details && { server_tool_use_details }),
  };
}
