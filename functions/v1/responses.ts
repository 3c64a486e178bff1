/** OpenAI's Responses, which OpenRouter speaks without keeping any state. https://openrouter.ai/docs/api-reference/responses */
import * as z from "zod/mini";
import type { Call } from "../../shared/http/call.ts";
import { nonEmptyText, promptText, readDefaultModel } from "../../shared/request/chat_request.ts";
import { requireInputTokens } from "../../shared/request/input_tokens.ts";
import { withOutputLimit } from "../../shared/request/output_tokens.ts";
import type { ApiError } from "../../shared/errors.ts";
import type { Dialect } from "../../shared/openrouter/completion_events.ts";
import { postJson, postStream } from "../../shared/openrouter/call.ts";
import { unusable } from "../../shared/gateway/failures.ts";
import type { Settings } from "../../shared/settings.ts";
import type { Fields } from "../../shared/fields.ts";
import type { TokenUsage } from "../../shared/token_usage.ts";

/** What to answer; OpenRouter's other fields pass through. */
export const responsesRequest = z.looseObject({
  input: z.union([promptText, z.array(z.looseObject({})).check(z.minLength(1))]),
  /** The setting `OPENROUTER_CHAT_MODEL` unless given. */
  model: z.optional(nonEmptyText),
  models: z.optional(z.array(nonEmptyText).check(z.minLength(1))),
  max_output_tokens: z.nullish(z.int().check(z.gte(1))),
  tools: z.nullish(z.array(z.looseObject({ type: nonEmptyText }))),
  stream: z.nullish(z.boolean()),
  store: z.nullish(z.literal(false)),
  background: z.nullish(z.literal(false)),
  previous_response_id: z.nullish(z.undefined()),
  conversation: z.nullish(z.undefined()),
});

/** A response, as far as it is looked at. */
export interface ModelResponse {
  id?: string;
  model?: string;
  status?: string;
  output?: unknown[];
  error?: { code?: unknown; message?: unknown } | null;
  error_type?: string;
  /** Null until the response has ended. */
  usage?:
    | { input_tokens: number; output_tokens: number; total_tokens: number; cost?: number }
    | null;
}

/** An event of a streamed response: of the response, a piece of it, or the error that ends it. */
export interface ResponseEvent {
  /** `response.created`, `response.output_text.delta`, `response.completed`, `error` … */
  type: string;
  response?: ModelResponse;
  [detail: string]: unknown;
}

/** Makes the body of a response: default model, a limit of tokens always. */
export function toResponseParams(
  request: z.infer<typeof responsesRequest>,
  settings: Settings,
): Fields {
  const { input, instructions } = request;
  requireInputTokens({ input, instructions }, settings);
  const model = request.models ? undefined : readDefaultModel(settings);
  return withOutputLimit("/responses", { model, ...request }, { settings, lowersLimits: true });
}

/**
 * Asks for one whole response.
 *
 * @throws {ApiError} as every call of OpenRouter; 502 for a response without output.
 */
export async function createResponse(call: Call, params: Fields): Promise<ModelResponse> {
  const body = { ...params, stream: false };
  return await postJson<ModelResponse>(call, "/responses", body, requireOutput);
}

/** Starts a streamed response; OpenRouter's bytes, guarded as every stream. */
export function streamResponse(
  call: Call,
  params: Fields,
): Promise<ReadableStream<Uint8Array>> {
  return postStream(call, "/responses", params, { dialect: createDialect() });
}

function requireOutput({ status, output }: ModelResponse): void {
  if (status === "failed" || !Array.isArray(output)) {
    throw unusable("The AI provider answered without a response");
  }
  if (!output.some(isOutput) && status !== "incomplete") {
    throw unusable("The AI provider's answer was empty", { retryable: true });
  }
}

function createDialect(): Dialect {
  let about: { id?: string; model?: string } = {};
  return { toChunk, isPiece, toErrorEvent };

  function toChunk(event: Record<string, unknown>): ReturnType<Dialect["toChunk"]> {
    const response = (event.response ?? {}) as ModelResponse;
    const { id, model, error, output } = response;
    const { type, error_type = response.error_type } = event;
    switch (type) {
      // They say that work goes on, and nothing of how it will end.
      case "response.created":
      case "response.queued":
      case "response.in_progress":
        about = { id, model };
        return undefined;
      case "response.debug":
        return undefined;
      case "response.completed":
      case "response.incomplete": {
        const finish_reason = type === "response.completed" ? "stop" : "length";
        const delta = { content: Array.isArray(output) && output.some(isOutput) };
        return { ...about, usage: toUsage(response), choices: [{ delta, finish_reason }] };
      }
      case "response.failed":
      case "response.error":
      case "error":
        return { error_type, error: error ?? event.error ?? event, usage: toUsage(response) } as {
          error: unknown;
        };
      // All others bring a piece of the output, or the frame for one, which says nothing yet.
      default:
        if (!isFilled(event)) return undefined;
        return { ...about, choices: [{ delta: { content: "…" } }] };
    }
  }
}

function isPiece({ type }: Record<string, unknown>): boolean {
  return /\.delta$/.test(String(type));
}

/** Whether an item says or does something: a message without words does not. */
function isOutput(item: unknown): boolean {
  const { type, content } = Object(item);
  return type !== "message" || Array.isArray(content) && content.some(hasWords);
}

function hasWords(part: unknown): boolean {
  const { text, refusal } = Object(part);
  return Boolean(text || refusal);
}

/** Whether an event brings more than a message, or a part of one, that is still without words. */
function isFilled({ item, part, delta, text, refusal }: Record<string, unknown>): boolean {
  if (item) return isOutput(item);
  return part ? hasWords(part) : Boolean(delta ?? text ?? refusal ?? true);
}

/** Read by those who look at `type`, and by OpenAI's own SDK, which looks for `error`. */
function toErrorEvent({ code, message }: ApiError): string {
  return JSON.stringify({ type: "error", code, message, param: null, error: { code, message } });
}

function toUsage({ usage }: ModelResponse): TokenUsage | undefined {
  if (!usage) return undefined;
  return { ...usage, prompt_tokens: usage.input_tokens, completion_tokens: usage.output_tokens };
}
