/**
 * Schemas of requests for a chat completion. They are loaded for requests that are not of the usual form
 * (`chat_request.ts`): zod takes a tenth of a cold start.
 */
import * as z from "zod/mini";
import { imageUrl, nonEmptyText, promptText } from "./text_fields.ts";

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

/** Schemas of the two fields in which a chat completion takes its output limit. */
export const outputLimits = {
  /** At most `MAX_OUTPUT_TOKENS`. */
  max_tokens: z.nullish(z.int().check(z.gte(1))),
  /** The newer name of `max_tokens`. */
  max_completion_tokens: z.nullish(z.int().check(z.gte(1))),
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

/** A request as OpenAI's API takes it: with `messages`, without `prompt`. */
export const completionRequest = z.looseObject({
  prompt: z.optional(z.undefined()),
  messages,
  ...options,
});

/** A checked request for a chat completion. */
export type ChatRequest = z.infer<typeof chatRequest>;

/** A checked request in the form of OpenAI's API. */
export type CompletionRequest = z.infer<typeof completionRequest>;
