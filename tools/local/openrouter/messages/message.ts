/** A simulated answer as a message of Anthropic's API, and errors in that form. */
import type { Answer } from "../chat/answer.ts";
import type { ErrorObject } from "../faults.ts";
import { type Generation, toUsage } from "../ledger.ts";
import type { Refusal } from "../refusal.ts";
import { refusalResponse } from "../refusal.ts";
import type { Simulation } from "../simulation.ts";

/** A block of text, thinking or a call of a tool. */
export interface Block {
  type: "text" | "thinking" | "tool_use";
  text?: string;
  thinking?: string;
  signature?: string;
  input?: unknown;
  [detail: string]: unknown;
}

/** A message. */
export type ModelMessage = Record<string, unknown> & { content: Block[] };

const STOP_REASONS: Record<Answer["finishReason"], string> = {
  stop: "end_turn",
  length: "max_tokens",
  tool_calls: "tool_use",
  content_filter: "refusal",
};

/** Anthropic's types of errors; all others are `api_error`. */
const ERROR_TYPES: Record<number, string> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  408: "timeout_error",
  413: "invalid_request_error",
  422: "invalid_request_error",
  429: "rate_limit_error",
  504: "timeout_error",
  529: "overloaded_error",
};

/** Returns the message with an answer. */
export function toMessage(
  answer: Answer,
  { id }: Generation,
  simulation: Simulation,
): ModelMessage {
  return {
    id,
    type: "message",
    role: "assistant",
    model: answer.model.id,
    content: toContent(answer),
    stop_reason: STOP_REASONS[answer.finishReason],
    stop_sequence: null,
    ...(simulation.usage !== "none" && { usage: toMessageUsage(answer) }),
  };
}

/** Converts an error to the body of a response, or to an event. */
export function toErrorBody(
  { code, message, metadata }: ErrorObject,
  request_id: string | null,
): Record<string, unknown> {
  const { error_type, provider_name: _, ...rest } = metadata;
  const type = ERROR_TYPES[Number(code)] ?? "api_error";
  const more = Object.keys(rest).length > 0 ? { metadata: rest } : {};
  return { type: "error", error: { type, message, error_type, ...more }, request_id };
}

/** Creates the response of a refusal. */
export function messagesRefusalResponse(refusal: Refusal): Response {
  const { status, message, details } = refusal;
  const { code = status, metadata = {}, headers = {}, raw, id } = details;
  if (raw) return refusalResponse(refusal);
  return Response.json(toErrorBody({ code, message, metadata }, id ?? null), {
    status,
    headers: id ? { ...headers, "X-Generation-Id": id } : headers,
  });
}

function toContent({ tokens, reasoning, refusal, toolCalls }: Answer): Block[] {
  const thinking = reasoning.join("");
  const text = refusal ?? tokens.join("");
  return [
    ...(thinking ? [{ type: "thinking" as const, thinking, signature: "c2lnbmVk" }] : []),
    ...(text ? [{ type: "text" as const, text }] : []),
    ...toolCalls.map(({ id, function: { name, arguments: json } }) => ({
      type: "tool_use" as const,
      id,
      name,
      input: JSON.parse(json || "{}"),
    })),
  ];
}

function toMessageUsage({ model, spending }: Answer) {
  const usage = toUsage(model, spending);
  return {
    input_tokens: usage.prompt_tokens,
    output_tokens: usage.completion_tokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    server_tool_use: spending.searches ? { web_search_requests: spending.searches } : null,
    cost: usage.cost,
    is_byok: usage.is_byok,
    cost_details: usage.cost_details,
  };
}
