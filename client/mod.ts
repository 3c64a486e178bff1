/**
 * The functions, for the front end of an app: browsers, workers, Deno, Node 20 and later.
 *
 * @example
 * ```ts
 * const ai = createAiClient({ insforge });
 * for await (const part of ai.stream({ prompt: "Three names for a bakery on a hill?" })) {
 *   if (part.type === "text") output.textContent += part.text;
 *   if (part.type === "error") throw part.error;
 * }
 * ```
 *
 * @module
 */
import { AiError } from "./ai_error.ts";
import { type ConnectClient, createConnect } from "./connect.ts";
import { type ConnectionOptions, createPost, readJson } from "./connection.ts";
import type {
  ChatAnswer,
  ChatRequest,
  EmbeddingsAnswer,
  EmbeddingsRequest,
  ImageAnswer,
  ImageRequest,
  SummaryAnswer,
  SummaryRequest,
  UsageAnswer,
} from "./contract.ts";
import { type InsForgeOptions, toConnection } from "./insforge.ts";
import { readParts, type StreamPart, type SummaryPart } from "./parts.ts";

export { AiError, type AiErrorCode, type AiErrorOptions } from "./ai_error.ts";
export type { ConnectClient } from "./connect.ts";
export type { ConnectionOptions, GetAccessToken } from "./connection.ts";
export type * from "./contract.ts";
export type { InsForgeClient, InsForgeOptions } from "./insforge.ts";
export type { StreamPart, SummaryPart } from "./parts.ts";

/** Where the functions are and who calls them: said outright, or taken from an InsForge client. */
export type AiClientOptions = ConnectionOptions | InsForgeOptions;

/** What every call takes beside its request. */
export interface CallOptions {
  /** Ends the call, and the generation where OpenRouter can; the call throws the signal's reason. */
  signal?: AbortSignal;
}

/**
 * The functions as methods. Requests and answers are theirs, unchanged.
 *
 * A call whose token is refused as expired is sent once more with a refreshed one; beyond that nothing
 * is repeated, and nothing ends a call but its signal. Methods that return a promise throw
 * {@link AiError}; streams give it as their last part.
 */
export interface AiClient {
  /** Answers a prompt or a conversation in one piece. */
  chat(request: ChatRequest, options?: CallOptions): Promise<ChatAnswer>;
  /**
   * Answers as it is written. The request is sent when the first part is asked for; leaving the loop
   * ends the generation. Where `stream` is not deployed `chat` is asked, and on hosts that do not
   * stream all parts come at the end.
   */
  stream(request: ChatRequest, options?: CallOptions): AsyncGenerator<StreamPart, void>;
  /** Summarizes rows that the user may read. */
  summarizeRecords(
    request: SummaryRequest & { stream?: false },
    options?: CallOptions,
  ): Promise<SummaryAnswer>;
  /** The same as it is written; its first part says which rows were read. */
  streamSummary(
    request: SummaryRequest,
    options?: CallOptions,
  ): AsyncGenerator<SummaryPart, void>;
  /** Turns texts into vectors, in the order of the texts. */
  embeddings(request: EmbeddingsRequest, options?: CallOptions): Promise<EmbeddingsAnswer>;
  /** What the user has used, by day and model, and may use. */
  usage(options?: CallOptions): Promise<UsageAnswer>;
  /** Draws. */
  generateImage(request: ImageRequest, options?: CallOptions): Promise<ImageAnswer>;
  /** Lets the user pay with an OpenRouter account of their own. */
  readonly connect: ConnectClient;
}

/** Creates a client. It keeps nothing between calls and sends nothing by itself. */
export function createAiClient(options: AiClientOptions): AiClient {
  const post = createPost("insforge" in options ? toConnection(options) : options);

  function ask<Request, Answer>(slug: string) {
    return async (request: Request, { signal }: CallOptions = {}): Promise<Answer> =>
      await readJson(await post(slug, request, signal), signal);
  }

  async function* open(
    answer: Promise<Response>,
    signal?: AbortSignal,
  ): AsyncGenerator<SummaryPart, void> {
    try {
      yield* readParts(await answer, signal);
    } catch (thrown) {
      if (!(thrown instanceof AiError)) throw thrown;
      yield { type: "error", error: thrown };
    }
  }

  return {
    chat: ask("chat"),
    async *stream(request, { signal } = {}) {
      const answer = post("stream", request, signal).catch((error) => {
        if (error?.status !== 404) throw error;
        return post("chat", { ...request, stream: undefined }, signal);
      });
      yield* open(answer, signal) as AsyncGenerator<StreamPart, void>;
    },
    summarizeRecords: ask("summarize-records"),
    async *streamSummary(request, { signal } = {}) {
      yield* open(post("summarize-records", { ...request, stream: true }, signal), signal);
    },
    usage: (options) => ask<undefined, UsageAnswer>("usage")(undefined, options),
    embeddings: ask("embeddings"),
    generateImage: ask("image-gen"),
    connect: createConnect(post),
  };
}
