/** Requests for a chat completion: their schemas, and the body that is sent for them. */
import * as z from "zod/mini";
import { invalidInput } from "../errors.ts";
import { setUsualForm } from "../http/body.ts";
import type { Fields } from "../fields.ts";
import type { Settings } from "../settings.ts";
import { requireInputTokens } from "./input_tokens.ts";
import { outputLimits, withOutputLimit } from "./output_tokens.ts";
import { imageUrl, nonEmptyText, promptText } from "./text_fields.ts";

/** The value of `OPENROUTER_CHAT_MODEL` with which the default model of the paying account answers. */
export const PAYERS_DEFAULT = "default";

/** OpenRouter checks the types of parts that are not known here. */
const contentPart = z.looseObject({
  type: nonEmptyText,
  text: z.optional(z.string()),
  image_url: z.optional(z.looseObject({ url: imageUrl })),
}).check(
  z.refine(({ type, text }) => type !== "text" || text !== undefined, {
    path: ["text"],
    message: "is required in a part of type text",
  }),
  z.refine(({ type, image_url }) => type !== "image_url" || image_url !== undefined, {
    path: ["image_url"],
    message: "is required in a part of type image_url",
  }),
);

/** Roles whose messages may have no content: it is null when there are only tool calls or a result. */
const MAY_BE_EMPTY = new Set(["assistant", "function"]);

const message = z.looseObject({
  role: z.enum(["system", "developer", "user", "assistant", "tool", "function"]),
  content: z.optional(
    z.union([z.string(), z.array(contentPart).check(z.minLength(1)), z.null()]),
  ),
  tool_call_id: z.optional(nonEmptyText),
}).check(
  z.refine(({ role, content }) => MAY_BE_EMPTY.has(role) || (content ?? null) !== null, {
    path: ["content"],
    message: "is required unless the role is assistant or function",
  }),
  z.refine(({ role, tool_call_id }) => role !== "tool" || tool_call_id !== undefined, {
    path: ["tool_call_id"],
    message: "is required in a message of role tool",
  }),
);

const tool = z.looseObject({
  type: nonEmptyText,
  function: z.optional(z.looseObject({ name: nonEmptyText })),
}).check(
  z.refine((tool) => tool.type !== "function" || tool.function !== undefined, {
    path: ["function"],
    message: "is required in a tool of type function",
  }),
);

const messages = z.array(message).check(z.minLength(1));

/** Tools of one request: far more than any model accepts, few enough to be checked in no time. */
export const MAX_TOOLS = 1_000;

/** Schemas of the fields in which a request names an assistant. */
export const assistantFields = {
  /** The name of an assistant of the app. */
  assistant: z.optional(nonEmptyText),
  /** The values of the assistant's variables. */
  variables: z.optional(z.looseObject({})),
};

const options = {
  ...assistantFields,
  /** The setting `OPENROUTER_CHAT_MODEL` unless given. */
  model: z.optional(nonEmptyText),
  /** Fallbacks, tried in order after `model`, or without it. */
  models: z.optional(z.array(nonEmptyText).check(z.minLength(1))),
  ...outputLimits,
  tools: z.optional(z.array(tool).check(z.maxLength(MAX_TOOLS))),
  stream: z.nullish(z.boolean()),
};

/** Fields that zod checks; of the others, {@link isUsualChat} checks those that have a schema. */
const UNUSUAL_FIELDS = ["models", "max_completion_tokens", "tools", "assistant", "variables"];
const USUAL_ROLES = new Set<unknown>(["system", "developer", "user", "assistant"]);

/**
 * Whether a value is a request as most are: a prompt, or messages of text, and at most a model, a limit
 * and `stream` among the fields that have a schema. {@link chatRequest} accepts every such value.
 */
export function isUsualChat(value: unknown): boolean {
  const request: Fields = Object(value);
  const { prompt, messages, model, max_tokens, stream } = request;
  if (UNUSUAL_FIELDS.some((name) => Object.hasOwn(request, name))) return false;
  const areOptionsUsual = (model === undefined || typeof model === "string" && model !== "") &&
    (max_tokens === undefined || Number.isSafeInteger(max_tokens) && (max_tokens as number) >= 1) &&
    (stream === undefined || typeof stream === "boolean");
  if (!areOptionsUsual) return false;
  if (messages === undefined) return typeof prompt === "string" && /\S/.test(prompt);
  return prompt === undefined && Array.isArray(messages) && messages.length > 0 &&
    messages.every(isUsualMessage);
}

function isUsualMessage(message: unknown): boolean {
  const { role, content, tool_call_id }: Fields = Object(message);
  return USUAL_ROLES.has(role) && typeof content === "string" && tool_call_id === undefined;
}

/** A request of `chat` and `stream`: a prompt or messages; OpenRouter's other fields pass through. */
export const chatRequest = z.looseObject({
  /** At most `MAX_PROMPT_CHARS` characters. */
  prompt: z.optional(promptText),
  /** OpenAI's messages, including parts with images. */
  messages: z.optional(messages),
  ...options,
}).check(
  z.refine(
    ({ prompt, messages }) => (prompt === undefined) !== (messages === undefined),
    'Either "prompt" or "messages" must be given, and not both',
  ),
);
setUsualForm(chatRequest, isUsualChat);

/** A request as OpenAI's API takes it: with `messages`, without `prompt`. */
export const completionRequest = z.looseObject({
  prompt: z.optional(z.undefined()),
  messages,
  ...options,
});

/** A checked request for a chat completion. */
export type ChatRequest = z.infer<typeof chatRequest>;

/**
 * Turns the prompt of a request into messages; all other fields but `stream` stay as they are.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` for a prompt longer than `MAX_PROMPT_CHARS`, and for messages
 *   longer than `MAX_INPUT_TOKENS`.
 */
export function toConversation(request: ChatRequest, settings: Settings): Fields {
  const { prompt, messages, stream: _, ...rest } = request;
  requireInputTokens({ messages }, settings);
  const conversation = messages ??
    [{ role: "user", content: requireShort(prompt!, "prompt", settings) }];
  return { ...rest, messages: conversation };
}

/**
 * Creates the body of a chat completion: with the default model when the request has no model, with one
 * output limit, and with every other field as it is.
 *
 * @param options.lowersLimits lowers an output limit above `MAX_OUTPUT_TOKENS`, for clients that always
 *   ask for a high one. Otherwise the limit stays, and the policy rejects it.
 * @throws {ApiError} 400 `INVALID_INPUT` as `withOutputLimit`.
 */
export function toCompletionBody(
  fields: Fields,
  settings: Settings,
  { lowersLimits }: { lowersLimits?: boolean } = {},
): Fields {
  const model = fields.models ? undefined : readDefaultModel(settings);
  return withOutputLimit("/chat/completions", { model, ...fields }, { settings, lowersLimits });
}

/**
 * The model that `OPENROUTER_CHAT_MODEL` names.
 *
 * @returns undefined when the setting is missing, or is `default`; the policy decides what then.
 */
export function readDefaultModel({ OPENROUTER_CHAT_MODEL }: Settings): string | undefined {
  return OPENROUTER_CHAT_MODEL === PAYERS_DEFAULT ? undefined : OPENROUTER_CHAT_MODEL;
}

/**
 * Rejects a text that is longer than `MAX_PROMPT_CHARS` characters or `MAX_INPUT_TOKENS`.
 *
 * @param field the field that the text comes from, for the message.
 * @returns the text.
 * @throws {ApiError} 400 `INVALID_INPUT` that names the field.
 */
export function requireShort(
  text: string,
  field: string,
  settings: Settings,
): string {
  const { MAX_PROMPT_CHARS } = settings;
  // A character outside the basic plane has two units of length, and counts once.
  const isLong = text.length > 2 * MAX_PROMPT_CHARS ||
    text.length > MAX_PROMPT_CHARS && [...text].length > MAX_PROMPT_CHARS;
  if (isLong) {
    throw invalidInput(`"${field}" must have at most ${MAX_PROMPT_CHARS} characters`);
  }
  requireInputTokens({ [field]: text }, settings);
  return text;
}
