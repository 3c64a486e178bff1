/** One whole answer to a prompt or a conversation. https://openrouter.ai/docs/api-reference/chat-completion */
import { createApp } from "../../shared/http/app.ts";
import { requireUser } from "../../shared/auth/user_token.ts";
import { MAX_IMAGE_BODY_BYTES, readBody } from "../../shared/http/body.ts";
import {
  type ChatRequest,
  chatRequest,
  toCompletionParams,
} from "../../shared/request/chat_request.ts";
import { invalidInput } from "../../shared/errors.ts";
import { createCompletion, type Message, toText } from "../../shared/openrouter/completions.ts";
import type { TokenUsage } from "../../shared/token_usage.ts";

/** What comes with a text: tool calls, reasoning, annotations, images and the rest. */
export type ChatAdditions = Omit<Message, "role" | "content">;

/** The answer. */
export interface ChatAnswer extends ChatAdditions {
  /** OpenRouter's name of the generation. */
  id: string;
  /** The model that answered, which may be a fallback. */
  model: string;
  /** Empty where the model only called tools, refused, or spent all tokens on reasoning. */
  text: string;
  /** `stop`, `length`, `tool_calls` or `content_filter`. */
  finish_reason: string | null;
  /** Tokens and cost, when the gateway reports them. */
  usage?: TokenUsage;
}

const { app, handler } = createApp("chat");
export default handler;

app.post("/", async (c) => {
  const call = c.env;
  await requireUser(call);
  const request = await readBody(call, chatRequest, { maxBytes: MAX_IMAGE_BODY_BYTES });
  requireOnePiece(request);
  const completion = await createCompletion(call, toCompletionParams(request, call.settings));
  const [{ finish_reason, message }] = completion.choices;
  const answer: ChatAnswer = {
    id: completion.id,
    model: completion.model,
    text: toText(message),
    finish_reason,
    ...toAdditions(message),
    usage: completion.usage,
  };
  return c.json(answer);
});

/** Refuses what one whole answer cannot hold. */
function requireOnePiece({ stream, n, modalities }: ChatRequest): void {
  if (stream) throw invalidInput('"stream" must be false here; the function "stream" streams');
  if ((n ?? 1) !== 1) throw invalidInput('"n" must be 1: the answer holds one text');
  if (Array.isArray(modalities) && modalities.includes("audio")) {
    throw invalidInput('"modalities" must not hold "audio" here; the function "stream" streams it');
  }
}

/** What came with the text, without blanks. */
function toAdditions({ content: _text, role: _assistant, ...additions }: Message): ChatAdditions {
  const filled = Object.entries(additions).filter(([, value]) =>
    Array.isArray(value) ? value.length > 0 : (value ?? null) !== null
  );
  return Object.fromEntries(filled);
}
