/**
 * OpenAI's Responses API, which OpenRouter serves without keeping state.
 * https://openrouter.ai/docs/api-reference/responses
 */
import * as z from "zod/mini";
import { responsesApi } from "../../shared/assistants/apis.ts";
import { toAssistedRequest } from "../../shared/assistants/apply.ts";
import type { Call } from "../../shared/http/call.ts";
import { readDefaultModel } from "../../shared/request/chat_request.ts";
import { assistantFields, MAX_TOOLS } from "../../shared/request/chat_schemas.ts";
import { nonEmptyText, promptText } from "../../shared/request/text_fields.ts";
import { requireInputTokens } from "../../shared/request/input_tokens.ts";
import { withOutputLimit } from "../../shared/request/output_tokens.ts";
import type { ApiError } from "../../shared/errors.ts";
import type { ByteSource } from "../../shared/http/event_stream.ts";
import { requestJson, requestStream } from "../../shared/openrouter/call.ts";
import { unusable } from "../../shared/gateway/failures.ts";
import { empty, isEmpty } from "../../shared/openrouter/protocol.ts";
import type { Fields } from "../../shared/fields.ts";
import { readResponse, responsesProtocol } from "./responses_protocol.ts";

/** One item of a conversation. Items are not stored, so none can be referred to. */
const item = z.looseObject({}).check(
  z.refine(({ type, role, id }) => type !== "item_reference" && Boolean(type ?? role ?? !id), {
    path: ["type"],
    message: 'must not be "item_reference", because no items are stored; send the items ' +
      'themselves, with the AI SDK by "store": false',
  }),
);

/** The input to respond to; OpenRouter's other fields pass through. */
export const responsesRequest = z.looseObject({
  input: z.union([promptText, z.array(item).check(z.minLength(1))]),
  /** The setting `OPENROUTER_CHAT_MODEL` unless given. */
  model: z.optional(nonEmptyText),
  ...assistantFields,
  models: z.optional(z.array(nonEmptyText).check(z.minLength(1))),
  max_output_tokens: z.nullish(z.int().check(z.gte(1))),
  tools: z.nullish(z.array(z.looseObject({ type: nonEmptyText })).check(z.maxLength(MAX_TOOLS))),
  stream: z.nullish(z.boolean()),
  store: z.nullish(z.literal(false)),
  background: z.nullish(z.literal(false)),
  previous_response_id: z.nullish(z.undefined()),
  conversation: z.nullish(z.undefined()),
});

/** The fields of a response that are read. */
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

/** An event of a streamed response: its state, a piece of it, or the error that ends it. */
export interface ResponseEvent {
  /** `response.created`, `response.output_text.delta`, `response.completed`, `error` … */
  type: string;
  response?: ModelResponse;
  [detail: string]: unknown;
}

const OPERATION = { path: "/responses", protocol: responsesProtocol };

/** Creates the body of a response, with a model and an output limit. */
export function toResponseParams(
  call: Call,
  request: z.infer<typeof responsesRequest>,
): Fields {
  const { settings } = call;
  const { input, instructions } = request;
  requireInputTokens({ input, instructions }, settings);
  const assisted = toAssistedRequest(call, request, responsesApi);
  const model = assisted.models ? undefined : readDefaultModel(settings);
  return withOutputLimit("/responses", { model, ...assisted }, { settings, lowersLimits: true });
}

/**
 * Requests one JSON response.
 *
 * @throws {ApiError} as every call of OpenRouter; 502 for a response without output.
 */
export async function createResponse(call: Call, params: Fields): Promise<ModelResponse> {
  const operation = { ...OPERATION, params: { ...params, stream: false } };
  return await requestJson<ModelResponse>(call, operation, requireOutput);
}

/**
 * Starts a streamed response.
 *
 * @returns OpenRouter's bytes, guarded like every stream.
 * @throws {ApiError} as {@link createResponse}.
 */
export function streamResponse(call: Call, params: Fields): Promise<ByteSource> {
  return requestStream(call, { ...OPERATION, params: { ...params, stream: true } });
}

function requireOutput(response: ModelResponse, error: ApiError | undefined): void {
  if (error) throw error;
  const { status, output } = response;
  if (status === "failed" || !Array.isArray(output)) {
    throw unusable("The AI provider responded without a response object");
  }
  if (isEmpty(readResponse({ ...response }))) throw empty();
}
