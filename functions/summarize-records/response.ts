/** The response: a summary and facts about it, as JSON or as events. */
import { answerStream } from "../../shared/openrouter/written_answer.ts";
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

/** An event before the summary: notes on one more chunk are complete. Only with several chunks. */
export interface SummaryProgress {
  /** How many chunks are done, and how many there are. */
  progress: { done: number; of: number };
  /** Always empty, so that clients of chunks skip the event. */
  choices: [];
}

/** Creates the event for `done` of `of` chunks. */
export function toProgress(done: number, of: number): SummaryProgress {
  return { progress: { done, of }, choices: [] };
}

/** The event before those of the summary. */
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
  return answerStream({ first: { summary: facts, choices: [] }, text: summary, usage });
}
