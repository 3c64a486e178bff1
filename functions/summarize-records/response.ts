/** The response: a summary and facts about it, as JSON or as events. */
import { ApiError, invalidInput } from "../../shared/errors.ts";
import { unusable } from "../../shared/gateway/failures.ts";
import { EVENT_STREAM_HEADERS, formatEvent, joinBytes } from "../../shared/http/sse.ts";
import type { ChatAnswer } from "../../shared/mod.ts";
import { sumTokenUsage, type TokenUsage } from "../../shared/token_usage.ts";

/** Facts about a summary. */
export interface SummaryFacts {
  /** The table that was read. */
  table: string;
  /** Rows that the summary is about. */
  rows_read: number;
  /** Whether rows, or the end of a huge one, were left out. */
  truncated: boolean;
  /** The number of prompts that the rows were distributed over. */
  chunks: number;
  /** Columns of binary data and vectors that were left out because `columns` does not name them. */
  omitted_columns?: string[];
  /** Tokens and cost; in a stream those of the notes on the chunks, without the summary. */
  usage?: TokenUsage;
}

/** The first event of a stream; the events of the summary follow. */
export interface SummaryStart {
  /** The facts about the summary. */
  summary: SummaryFacts;
  /** Always empty, so that clients of chunks skip the event. */
  choices: [];
}

/** The response. */
export interface SummaryAnswer extends SummaryFacts {
  /** The summary. */
  summary: string;
  /** Null when there was no row to send to a model. */
  model: string | null;
  /** Tokens and cost of all calls. */
  usage: TokenUsage;
}

/** The response when no row can be read, which is not an error. No model is called. */
export function emptyResponse(facts: SummaryFacts, stream?: boolean | null): Response {
  const summary = `There are no rows in "${facts.table}" that match and that you may read`;
  const usage = sumTokenUsage([]);
  const answer: SummaryAnswer = { summary, ...facts, model: null, usage };
  if (!stream) return Response.json(answer);
  const choices = [{ index: 0, delta: { content: summary }, finish_reason: "stop" }];
  const events = [{ summary: facts, choices: [] }, { choices, usage }];
  const data = [...events.map((event) => JSON.stringify(event)), "[DONE]"];
  const bytes = joinBytes(data.map((one) => formatEvent(one)));
  return new Response(bytes as BodyInit, { headers: EVENT_STREAM_HEADERS });
}

/**
 * The text of an answer. Without it, the rows it is about would be missing from the summary.
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
    const message = "The request was refused: the model will not summarize the rows";
    throw new ApiError(403, "FORBIDDEN", message);
  }
  throw unusable("The AI provider's response held no text");
}
