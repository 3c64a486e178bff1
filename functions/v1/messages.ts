/**
 * Anthropic's Messages API, as OpenRouter serves it for all its models.
 * https://docs.anthropic.com/en/api/messages
 */
import * as z from "zod/mini";
import { messagesApi } from "../../shared/assistants/apis.ts";
import { toAssistedRequest } from "../../shared/assistants/apply.ts";
import type { Call } from "../../shared/http/call.ts";
import { readDefaultModel } from "../../shared/request/chat_request.ts";
import { assistantFields, MAX_TOOLS } from "../../shared/request/chat_schemas.ts";
import { nonEmptyText } from "../../shared/request/text_fields.ts";
import { requireInputTokens } from "../../shared/request/input_tokens.ts";
import { withOutputLimit } from "../../shared/request/output_tokens.ts";
import type { ApiError } from "../../shared/errors.ts";
import type { ByteSource } from "../../shared/http/event_stream.ts";
import { requestJson, requestStream } from "../../shared/openrouter/call.ts";
import { unusable } from "../../shared/gateway/failures.ts";
import { empty, isEmpty } from "../../shared/openrouter/protocol.ts";
import type { Fields } from "../../shared/fields.ts";
import { messagesProtocol, readMessage } from "./messages_protocol.ts";

/** OpenRouter checks the fields of each type of block. */
const block = z.looseObject({ type: nonEmptyText });
const content = z.union([z.string(), z.array(block).check(z.minLength(1))]);

/** A tool that the caller runs has a schema and may lack a type; Anthropic's own tools have a type. */
const tool = z.looseObject({
  type: z.optional(nonEmptyText),
  name: z.optional(nonEmptyText),
  input_schema: z.optional(z.looseObject({})),
}).check(
  z.refine(({ type, input_schema }) => (type ?? input_schema) !== undefined, {
    path: ["input_schema"],
    message: "is required in a tool without a type",
  }),
);

/** The conversation to continue; OpenRouter's other fields pass through. */
export const messagesRequest = z.looseObject({
  messages: z.array(z.looseObject({ role: nonEmptyText, content })).check(z.minLength(1)),
  /** The setting `OPENROUTER_CHAT_MODEL` unless given. */
  model: z.optional(nonEmptyText),
  ...assistantFields,
  models: z.optional(z.array(nonEmptyText).check(z.minLength(1))),
  system: z.optional(z.union([z.string(), z.array(block)])),
  max_tokens: z.nullish(z.int().check(z.gte(1))),
  thinking: z.optional(z.looseObject({
    type: nonEmptyText,
    budget_tokens: z.optional(z.int().check(z.gte(1))),
  })),
  tools: z.optional(z.array(tool).check(z.maxLength(MAX_TOOLS))),
  stream: z.nullish(z.boolean()),
});

/** The conversation whose tokens are to be counted; nothing is sent to the gateway. */
export const countRequest = z.looseObject({
  messages: messagesRequest.shape.messages,
  system: messagesRequest.shape.system,
  tools: messagesRequest.shape.tools,
});

/** How long a conversation is. */
export interface TokenCount {
  /** An estimate: 3 bytes of text are a token, and an image has 1,000. */
  input_tokens: number;
}

/** The fields of a message that are read. */
export interface AnthropicMessage {
  id?: string;
  model?: string;
  type?: "message";
  role?: "assistant";
  /** Text, thinking and calls of tools. */
  content?: { type: string; [detail: string]: unknown }[];
  /** `end_turn`, `max_tokens`, `tool_use`, `refusal` … */
  stop_reason?: string | null;
  /** OpenRouter adds `cost`, in USD. */
  usage?: {
    /** Without the tokens that the cache read or stored, which have fields of their own. */
    input_tokens: number;
    output_tokens: number;
    cost?: number | null;
    [detail: string]: unknown;
  };
}

/** An event of a streamed message. An `event:` line repeats its type. */
export interface AnthropicEvent {
  /** `message_start`, `content_block_delta`, `message_delta`, `message_stop`, `ping`, `error` … */
  type: string;
  message?: AnthropicMessage;
  [detail: string]: unknown;
}

const OPERATION = { path: "/messages", protocol: messagesProtocol };

/** Creates the body of a request for a message, with a model and an output limit. */
export function toMessageParams(
  call: Call,
  request: z.infer<typeof messagesRequest>,
): Fields {
  const { settings } = call;
  const { messages, system } = request;
  requireInputTokens({ messages, system }, settings);
  const assisted = toAssistedRequest(call, request, messagesApi);
  const model = assisted.models ? undefined : readDefaultModel(settings);
  return withOutputLimit("/messages", { model, ...assisted }, { settings, lowersLimits: true });
}

/**
 * Requests one JSON message.
 *
 * @throws {ApiError} as every call of OpenRouter; 502 for a message without content.
 */
export async function createMessage(call: Call, params: Fields): Promise<AnthropicMessage> {
  const operation = { ...OPERATION, params: { ...params, stream: false } };
  return await requestJson<AnthropicMessage>(call, operation, requireContent);
}

/**
 * Starts a streamed message.
 *
 * @returns OpenRouter's bytes, guarded like every stream.
 * @throws {ApiError} as {@link createMessage}.
 */
export function streamMessage(call: Call, params: Fields): Promise<ByteSource> {
  return requestStream(call, { ...OPERATION, params: { ...params, stream: true } });
}

function requireContent(message: AnthropicMessage, error: ApiError | undefined): void {
  if (error) throw error;
  if (!Array.isArray(message.content)) {
    throw unusable("The AI provider responded without a message");
  }
  if (isEmpty(readMessage({ ...message }))) throw empty();
}
