/** Questions about the app's own rows, as methods. */
import type { CallOptions } from "./connection.ts";
import type { AskAnswer, IndexAnswer, RowCitation } from "./contract.ts";
import type { DataPart, StreamPart } from "./parts.ts";
import type { ModelOptions, SummaryFilter } from "./requests.ts";

/** A question without the place where its answer is looked for. */
export interface AskOptions extends ModelOptions {
  /** What the user wants to know. */
  question: string;
  /** The highest number of rows, 1 to 20; 8 when missing. */
  match_count?: number | null | undefined;
  /** The least similarity of a row, 0 to 1; 0.3 when missing. */
  match_threshold?: number | null | undefined;
  /** The name of an assistant of the app. */
  assistant?: string | null | undefined;
  /** The values of the assistant's variables. */
  variables?: object | null | undefined;
  /** Set by the client's methods; it need not be given. */
  stream?: boolean | null | undefined;
}

/** A question about a table, or about what a routine of the app finds. */
export type AskRequest =
  & AskOptions
  & (
    | {
      /** A table that has a search index. */
      table: string;
      /** What the model sees of each row; everything when missing. */
      columns?: readonly string[] | null | undefined;
      /** Conditions that every row has to meet. */
      filters?: readonly SummaryFilter[] | null | undefined;
      function?: undefined;
    }
    | {
      /** A routine of the database with InsForge's parameters of a search. */
      function: `match_${string}`;
      table?: undefined;
      columns?: undefined;
      filters?: undefined;
    }
  );

/** A part of a streamed answer. The first part names the rows that the answer is based on. */
export type AskPart = { type: "citations"; citations: RowCitation[] } | StreamPart;

/** Questions about the rows that the user may read. */
export interface AskClient {
  /**
   * Answers a question from the rows that the user may read.
   *
   * @example
   * ```ts
   * const { answer, citations } = await ai.ask({ question: "Who waits?", table: "tickets" });
   * for (const { id, excerpt } of citations) console.log(id, excerpt);
   * console.log(answer);
   * ```
   */
  ask(
    request: AskRequest & { stream?: false | null | undefined },
    options?: CallOptions,
  ): Promise<AskAnswer>;
  /**
   * Answers a question while the model writes. The first part has the citations.
   *
   * @example
   * ```ts
   * for await (const part of ai.streamAsk({ question: "Who waits?", table: "tickets" })) {
   *   if (part.type === "citations") console.log(`${part.citations.length} rows`);
   *   if (part.type === "text") output.textContent += part.text;
   *   if (part.type === "error") throw part.error;
   * }
   * ```
   */
  streamAsk(request: AskRequest, options?: CallOptions): AsyncGenerator<AskPart, void>;
  /**
   * Makes new and changed rows of the user searchable at once, at the user's expense.
   *
   * @param table a table that has a search index.
   *
   * @example
   * ```ts
   * const { indexed } = await ai.indexRecords("tickets");
   * ```
   */
  indexRecords(table: string, options?: CallOptions): Promise<IndexAnswer>;
}

const SLUG = "ask-records";

/** Creates the methods. `read` posts to a function and reads the parts of its stream. */
export function createAsk(
  call: <Answer>(slug: string, body: unknown, options?: CallOptions) => Promise<Answer>,
  read: (
    slug: string,
    body: unknown,
    options?: CallOptions,
  ) => AsyncGenerator<StreamPart | DataPart, void>,
): AskClient {
  return {
    ask: (request, options) => call(SLUG, request, options),
    async *streamAsk(request, options) {
      for await (const part of read(SLUG, { ...request, stream: true }, options)) {
        if (part.type !== "data") yield part;
        else {
          const { citations } = part.data as { citations?: RowCitation[] };
          if (citations) yield { type: "citations", citations };
        }
      }
    },
    indexRecords: (table, options) => call(SLUG, { index: table }, options),
  };
}
