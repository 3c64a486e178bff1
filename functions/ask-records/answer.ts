/** Answers a question from rows, and names them. */
import { requireAssistedFields } from "../../shared/assistants/open_fields.ts";
import type { User } from "../../shared/auth/user_token.ts";
import type { Fields } from "../../shared/fields.ts";
import type { Call } from "../../shared/http/call.ts";
import { createAi } from "../../shared/openrouter/ai.ts";
import { answerStream, requireText } from "../../shared/openrouter/written_answer.ts";
import { requireShort } from "../../shared/request/chat_request.ts";
import { fenceData } from "../../shared/request/data_fence.ts";
import { shorten } from "../../shared/request/text_bytes.ts";
import { sumTokenUsage, type TokenUsage } from "../../shared/token_usage.ts";
import { type AskRequest, OWN_FIELDS } from "./request.ts";
import { type Findings, type RowCitation, searchTable, searchWithRoutine } from "./search.ts";

/** The response. */
export interface AskAnswer {
  /** The answer; a number in brackets, such as [1], is the place of a citation, counted from one. */
  answer: string;
  /** The rows that the model was given, the best one first; empty when none was found. */
  citations: RowCitation[];
  /** Null when no row was found and no chat model was asked. */
  model: string | null;
  /** Tokens and cost of the question's vector and of the answer. */
  usage: TokenUsage;
}

/** The first event of a stream; the events of the answer follow. */
export interface AskStart {
  /** The rows that the model is given. */
  citations: RowCitation[];
  /** Always empty, so that clients of chunks skip the event. */
  choices: [];
}

const DEFAULT_ROWS = 8;
const DEFAULT_THRESHOLD = 0.3;
/** All rows of a prompt together, bytes of UTF-8: at most about 20,000 tokens. */
const MAX_PROMPT_BYTES = 40_000;

const NOTHING_FOUND = "I found nothing about this in the records that you may read";

/**
 * Answers a question from the rows that the caller may read.
 *
 * @throws {ApiError} as `requireAssistedFields`, as `searchTable`, as chat completions, and as `requireText`.
 */
export async function answerQuestion(
  call: Call,
  user: User,
  { question = "", ...request }: AskRequest,
): Promise<Response> {
  requireShort(question, "question", call.settings);
  requireAssistedFields(request, OWN_FIELDS, call.settings);
  const { table, function: routine, columns, filters, stream, index: _, ...rest } = request;
  const { match_count, match_threshold, ...options } = rest;
  const search = {
    question,
    count: match_count ?? DEFAULT_ROWS,
    threshold: match_threshold ?? DEFAULT_THRESHOLD,
  };
  const findings = routine === undefined
    ? await searchTable(call, user, { ...search, table: table!, columns, filters })
    : await searchWithRoutine(call, user, { ...search, name: routine });

  const { citations, usage } = findings;
  const first: AskStart = { citations, choices: [] };
  if (citations.length === 0) {
    if (stream) return answerStream({ first, text: NOTHING_FOUND, usage });
    const answer = { answer: NOTHING_FOUND, citations, model: null, usage };
    return Response.json(answer satisfies AskAnswer);
  }
  const params = { ...options, messages: toMessages(question, findings) };
  const ai = createAi(call);
  if (stream) return await ai.stream(params, { first });
  const answer = await ai.complete(params);
  return Response.json(
    {
      answer: requireText(answer),
      citations,
      model: answer.model,
      usage: sumTokenUsage([usage, answer.usage]),
    } satisfies AskAnswer,
  );
}

function toMessages(question: string, { citations, rows }: Findings): Fields[] {
  const maxBytes = Math.floor(MAX_PROMPT_BYTES / rows.length);
  const lines = rows.map((row, i) => {
    const json = JSON.stringify(row);
    const text = shorten(json, maxBytes);
    // The best part of a long row may be in what is cut off.
    const best = text === json ? "" : `\n${citations[i]!.excerpt}`;
    return `[${i + 1}] ${text}${best}`;
  });
  const { rule, text } = fenceData("rows", lines.join("\n"));
  const system = "You answer a question from rows of a database that the user may read. " +
    `${rule} Use only these rows. When they do not hold the answer, say that you did not find it. ` +
    "After each statement name the rows it is based on by their numbers, such as [1].";
  return [
    { role: "system", content: system },
    { role: "user", content: `${question}\n\n${text}` },
  ];
}
