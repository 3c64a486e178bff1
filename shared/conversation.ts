/** From a prompt or messages, and what may come with them, to a checked OpenAI conversation. */
import * as z from "zod/mini";
import { invalidInput } from "./errors.ts";
import type { Params } from "./openrouter.ts";
import type { Settings } from "./settings.ts";

/** Tokens of an answer when the request does not say; without any limit small balances fail. */
const DEFAULT_MAX_TOKENS = 4_096;
/** OpenAI's models that know `max_completion_tokens` only, and refuse its older name. */
const REFUSES_MAX_TOKENS = /^(openai\/)?(gpt-5|o\d)/;

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

/** Parameters of a web search: how many results it may bring, and be billed for. */
export const searchBounds = z.looseObject({
  max_results: z.optional(z.int().check(z.gte(1), z.lte(25))),
  max_total_results: z.optional(z.int().check(z.gte(1), z.lte(50))),
});

const tool = z.looseObject({
  type: nonEmptyText,
  function: z.optional(z.looseObject({ name: nonEmptyText })),
  parameters: z.optional(searchBounds),
}).check(
  z.refine((tool) => tool.type !== "function" || tool.function !== undefined, {
    path: ["function"],
    message: "is required in a tool of type function",
  }),
);

const messages = z.array(message).check(z.minLength(1));

/** The two names of the limit of tokens, to be checked by {@link toMaxTokens}. */
export const tokenLimits = {
  max_tokens: z.nullish(z.int().check(z.gte(1))),
  max_completion_tokens: z.nullish(z.int().check(z.gte(1))),
};

const options = {
  model: z.optional(nonEmptyText),
  models: z.optional(z.array(nonEmptyText).check(z.minLength(1))),
  ...tokenLimits,
  tools: z.optional(z.array(tool)),
  stream: z.nullish(z.boolean()),
};

/** The request of the functions that hold a conversation; OpenRouter's other fields pass through. */
export const chatRequest = z.looseObject({
  prompt: z.optional(nonEmptyText),
  messages: z.optional(messages),
  ...options,
}).check(
  z.refine(
    ({ prompt, messages }) => (prompt === undefined) !== (messages === undefined),
    'Either "prompt" or "messages" must be given, and not both',
  ),
);

/** The same as OpenAI has it, `messages` and nothing else. */
export const completionRequest = z.looseObject({
  prompt: z.optional(z.undefined()),
  messages,
  ...options,
});

/** A checked request for a conversation. */
export type ChatRequest = z.infer<typeof chatRequest>;

/**
 * Makes the body of a chat completion: the default model where the request names none, one limit of
 * tokens always, web search within bounds, every other field as it came.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` for a prompt beyond `MAX_PROMPT_CHARS`, more tokens than
 *   `MAX_OUTPUT_TOKENS`, or more search results than the bounds.
 */
export function toCompletionParams(request: ChatRequest, settings: Settings): Params {
  const { prompt, messages, stream: _, max_tokens: _1, max_completion_tokens, ...rest } = request;
  const params: Params = {
    model: request.models ? undefined : settings.OPENROUTER_CHAT_MODEL,
    ...rest,
    messages: messages ?? [{ role: "user", content: requireShort(prompt!, "prompt", settings) }],
  };
  const model = String(params.model ?? request.models?.[0]);
  const limit = max_completion_tokens || REFUSES_MAX_TOKENS.test(model)
    ? "max_completion_tokens"
    : "max_tokens";
  params[limit] = toMaxTokens(request, settings);
  if (request.tools) params.tools = request.tools.map(boundSearch);
  return params;
}

/**
 * The limit of tokens to send: 4096, or what the request asks for.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` beyond `MAX_OUTPUT_TOKENS`.
 */
export function toMaxTokens(
  request: { max_tokens?: number | null; max_completion_tokens?: number | null },
  settings: Settings,
): number {
  const { max_tokens, max_completion_tokens } = request;
  if (max_tokens && max_completion_tokens && max_tokens !== max_completion_tokens) {
    throw invalidInput(
      '"max_tokens" and "max_completion_tokens" must be the same, or one left out',
    );
  }
  return max_completion_tokens
    ? requireTokens(max_completion_tokens, "max_completion_tokens", settings)
    : requireTokens(max_tokens, "max_tokens", settings);
}

/**
 * Returns a limit of tokens if it is no more than `MAX_OUTPUT_TOKENS`, and 4096 for none.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` that names `field`.
 */
export function requireTokens(
  tokens: number | null | undefined,
  field: string,
  { MAX_OUTPUT_TOKENS }: Settings,
): number {
  if (tokens && tokens > MAX_OUTPUT_TOKENS) {
    throw invalidInput(`"${field}" must be ${MAX_OUTPUT_TOKENS} or less`);
  }
  return tokens ?? Math.min(DEFAULT_MAX_TOKENS, MAX_OUTPUT_TOKENS);
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

/** Web search is billed by the search, and the model decides how often: never without bounds. */
export function boundSearch(tool: Params): Params {
  if (tool.type !== "openrouter:web_search") return tool;
  const parameters = tool.parameters as Params | undefined;
  return { ...tool, parameters: { max_results: 5, max_total_results: 10, ...parameters } };
}
