/** From a prompt or messages, and what may come with them, to a checked OpenAI conversation. */
import * as z from "zod/mini";
import { invalidInput } from "../errors.ts";
import { refusesMaxTokens } from "../policy/token_caps.ts";
import type { Settings } from "../settings.ts";
import type { Fields } from "../fields.ts";

/** Tokens of an answer when the request does not say; without any limit small balances fail. */
const DEFAULT_MAX_TOKENS = 4_096;

/** Text of at least one character. */
export const nonEmptyText = z.string().check(z.minLength(1));

/** The address of an image, or the image itself as a data URL. */
export const imageUrl = nonEmptyText.check(
  z.refine(
    (url) => /^(https?:\/\/|data:image\/[\w.+-]+;base64,)/i.test(url),
    "must be an http(s) address or a data:image/…;base64 URL",
  ),
);

/** Kinds of parts unknown here are OpenRouter's to judge. */
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

const message = z.looseObject({
  role: z.enum(["system", "developer", "user", "assistant", "tool"]),
  content: z.optional(
    z.union([z.string(), z.array(contentPart).check(z.minLength(1)), z.null()]),
  ),
  tool_call_id: z.optional(nonEmptyText),
}).check(
  z.refine(({ role, content }) => role === "assistant" || (content ?? null) !== null, {
    path: ["content"],
    message: "is required; only an assistant's message may go without",
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

/** The two names of the limit of tokens; how high it may be is the model policy's to say. */
export const tokenLimits = {
  /** At most `MAX_OUTPUT_TOKENS`. */
  max_tokens: z.nullish(z.int().check(z.gte(1))),
  /** The same under its newer name. */
  max_completion_tokens: z.nullish(z.int().check(z.gte(1))),
};

const options = {
  /** The setting `OPENROUTER_CHAT_MODEL` unless given. */
  model: z.optional(nonEmptyText),
  /** Fallbacks, tried in order after `model`, or alone. */
  models: z.optional(z.array(nonEmptyText).check(z.minLength(1))),
  ...tokenLimits,
  tools: z.optional(z.array(tool)),
  stream: z.nullish(z.boolean()),
};

/** The request of the functions that hold a conversation; OpenRouter's other fields pass through. */
export const chatRequest = z.looseObject({
  /** At most `MAX_PROMPT_CHARS` characters. */
  prompt: z.optional(nonEmptyText),
  /** As OpenAI has them, parts with images included. */
  messages: z.optional(messages),
  ...options,
}).check(
  z.refine(
    ({ prompt, messages }) => (prompt === undefined) !== (messages === undefined),
    'Either "prompt" or "messages" must be given, and not both',
  ),
);

/** The same as OpenAI has it: `messages`, and no `prompt`. */
export const completionRequest = z.looseObject({
  prompt: z.optional(z.undefined()),
  messages,
  ...options,
});

/** A checked request for a conversation. */
export type ChatRequest = z.infer<typeof chatRequest>;

/**
 * Makes the body of a chat completion: the default model where the request names none, one limit of
 * tokens always, every other field as it came.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` for a prompt beyond `MAX_PROMPT_CHARS`, or two limits.
 */
export function toCompletionParams(request: ChatRequest, settings: Settings): Fields {
  const { prompt, messages, stream: _, max_tokens: _1, max_completion_tokens: _2, ...rest } =
    request;
  const params: Fields = {
    model: request.models ? undefined : settings.OPENROUTER_CHAT_MODEL,
    ...rest,
    messages: messages ?? [{ role: "user", content: requireShort(prompt!, "prompt", settings) }],
  };
  const model = params.model ?? request.models?.[0];
  return { ...params, ...limitTokens(request, model, createMaxTokens(settings, request.n)) };
}

/**
 * The one limit of tokens for a model, under the name that was used or, where the model knows only
 * one, under that.
 *
 * @param otherwise how many where the request does not say.
 * @throws {ApiError} 400 `INVALID_INPUT` for two different ones.
 */
export function limitTokens(
  { max_tokens, max_completion_tokens }: Pick<ChatRequest, keyof typeof tokenLimits>,
  model: unknown,
  otherwise: number,
): Fields {
  if (max_tokens && max_completion_tokens && max_tokens !== max_completion_tokens) {
    throw invalidInput(
      '"max_tokens" and "max_completion_tokens" must be the same, or one left out',
    );
  }
  const name = max_completion_tokens || refusesMaxTokens(model)
    ? "max_completion_tokens"
    : "max_tokens";
  return { [name]: max_completion_tokens ?? max_tokens ?? otherwise };
}

/**
 * The limit of tokens where a request has none: 4096, or less where `MAX_OUTPUT_TOKENS` is less.
 *
 * @param answers how many answers at once share `MAX_OUTPUT_TOKENS`.
 */
export function createMaxTokens({ MAX_OUTPUT_TOKENS }: Settings, answers?: unknown): number {
  const share = Math.floor(MAX_OUTPUT_TOKENS / Math.max(1, Number(answers) || 1));
  return Math.max(1, Math.min(DEFAULT_MAX_TOKENS, share));
}

/**
 * Returns a text that a person wrote, if it is no longer than `MAX_PROMPT_CHARS` characters.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` that names `field`.
 */
export function requireShort(
  text: string,
  field: string,
  { MAX_PROMPT_CHARS }: Settings,
): string {
  // A character outside the basic plane counts once, though it is two units of length.
  if (text.length > MAX_PROMPT_CHARS && [...text].length > MAX_PROMPT_CHARS) {
    throw invalidInput(`"${field}" must have at most ${MAX_PROMPT_CHARS} characters`);
  }
  return text;
}
