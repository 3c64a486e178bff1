/** The text of an answer: of a model, or of a function that does not need to ask a model. */
import { ApiError, invalidInput } from "../errors.ts";
import { unusable } from "../gateway/failures.ts";
import { EVENT_STREAM_HEADERS, formatEvent, joinBytes } from "../http/sse.ts";
import type { TokenUsage } from "../token_usage.ts";
import type { ChatAnswer } from "./chat.ts";

/**
 * The text of a model's answer, for functions that cannot do without it.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` when the output limit left no room for text; 403 `FORBIDDEN`
 *   when the model refused; 502 `AI_UPSTREAM_UNAVAILABLE` otherwise.
 */
export function requireText({ text, refusal, finish_reason }: ChatAnswer): string {
  if (text) return text;
  if (finish_reason === "length") {
    throw invalidInput(
      '"max_tokens" must be higher: the model used all of it before it wrote text',
    );
  }
  if (refusal || finish_reason === "content_filter") {
    const message = "The request was refused: the model will not answer about these rows";
    throw new ApiError(403, "FORBIDDEN", message);
  }
  throw unusable("The AI provider's response held no text");
}

/** An answer that is known before the stream begins. */
export interface WrittenAnswer {
  /** JSON of the first event. */
  first: object;
  /** The text of the answer. */
  text: string;
  /** Tokens and cost of the calls that were made. */
  usage: TokenUsage;
}

/** Creates the stream of an answer that no model wrote, with the events that a model's stream has. */
export function answerStream({ first, text, usage }: WrittenAnswer): Response {
  const choices = [{ index: 0, delta: { content: text }, finish_reason: "stop" }];
  const data = [...[first, { choices, usage }].map((event) => JSON.stringify(event)), "[DONE]"];
  const bytes = joinBytes(data.map((one) => formatEvent(one)));
  return new Response(bytes as BodyInit, { headers: EVENT_STREAM_HEADERS });
}
