/**
 * The AI functions as methods, for the front end of an app: browsers, workers, Deno, Node 20 and
 * later.
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
import { type AskClient, createAsk } from "./ask.ts";
import { type ConnectClient, createConnect } from "./connect.ts";
import { type CallOptions, type ConnectionOptions, createPost, readJson } from "./connection.ts";
import type {
  ChatAnswer,
  EmbeddingsAnswer,
  ImageAnswer,
  SummaryAnswer,
  SummaryProgress,
  SummaryStart,
  UsageAnswer,
} from "./contract.ts";
import { type InsForgeOptions, toConnection } from "./insforge.ts";
import { createMedia, type MediaClient } from "./media.ts";
import {
  type DataPart,
  readParts,
  type ReadPartsOptions,
  type StreamPart,
  type SummaryPart,
} from "./parts.ts";
import type { ChatRequest, EmbeddingsRequest, ImageRequest, SummaryRequest } from "./requests.ts";

import { createVideo, type VideoClient } from "./video.ts";

export { AiError, type AiErrorCode, type AiErrorOptions } from "./ai_error.ts";
export type { AskClient, AskOptions, AskPart, AskRequest } from "./ask.ts";
export type { ConnectClient } from "./connect.ts";
export type { CallOptions, ConnectionOptions, GetAccessToken } from "./connection.ts";
export type * from "./contract.ts";
export type { InsForgeClient, InsForgeOptions } from "./insforge.ts";
export type {
  MediaClient,
  ModelFilters,
  RerankRequest,
  SpeechRequest,
  TranscribeRequest,
} from "./media.ts";
export type { DataPart, StreamPart, SummaryPart } from "./parts.ts";
export type * from "./requests.ts";
export type { VideoClient, VideoRequest, WaitOptions } from "./video.ts";

/**
 * Where the functions are and who calls them: given directly, or taken from an InsForge client.
 *
 * @example
 * ```ts
 * const options: AiClientOptions = { functionsUrl, getAccessToken: () => token };
 * const ai = createAiClient(options);
 * ```
 */
export type AiClientOptions = ConnectionOptions | InsForgeOptions;

/**
 * The functions as methods.
 *
 * A call whose token is rejected as expired is repeated once with a refreshed token. Nothing else is
 * repeated, and only its signal ends a call early. Methods that return a promise throw
 * {@link AiError}; streams yield it as their last part.
 */
export interface AiClient extends MediaClient, AskClient {
  /**
   * Answers a prompt or a conversation as a whole.
   *
   * @example
   * ```ts
   * const { text, usage } = await ai.chat({ prompt: "Name a colour" });
   * ```
   */
  chat(request: ChatRequest, options?: CallOptions): Promise<ChatAnswer>;
  /**
   * Answers while the model writes. The request is sent when the first part is asked for, and
   * leaving the loop ends the generation. When `stream` is not deployed, `chat` is called instead.
   * On hosts that buffer responses all parts come at the end.
   *
   * @example
   * ```ts
   * const controller = new AbortController();
   * const messages: ChatMessage[] = [{ role: "user", content: "Tell me a story" }];
   * for await (const part of ai.stream({ messages }, { signal: controller.signal })) {
   *   if (part.type === "text") output.textContent += part.text;
   *   if (part.type === "error") throw part.error;
   * }
   * ```
   */
  stream(request: ChatRequest, options?: CallOptions): AsyncGenerator<StreamPart, void>;
  /**
   * Summarizes rows that the user may read.
   *
   * @example
   * ```ts
   * const { summary, rows_read } = await ai.summarizeRecords({ table: "tickets", limit: 200 });
   * ```
   */
  summarizeRecords(
    request: SummaryRequest & { stream?: false | undefined },
    options?: CallOptions,
  ): Promise<SummaryAnswer>;
  /**
   * Summarizes while the model writes. The first part tells which rows were read.
   *
   * @example
   * ```ts
   * for await (const part of ai.streamSummary({ table: "tickets" })) {
   *   if (part.type === "summary") console.log(`${part.summary.rows_read} rows`);
   *   if (part.type === "text") output.textContent += part.text;
   *   if (part.type === "error") throw part.error;
   * }
   * ```
   */
  streamSummary(
    request: SummaryRequest,
    options?: CallOptions,
  ): AsyncGenerator<SummaryPart, void>;
  /**
   * Turns texts into vectors, in the order of the texts.
   *
   * @example
   * ```ts
   * const { embeddings } = await ai.embeddings({ input: ["red", "blue"] });
   * ```
   */
  embeddings(request: EmbeddingsRequest, options?: CallOptions): Promise<EmbeddingsAnswer>;
  /**
   * Reads what the user has used, by day and model, and what they may use.
   *
   * @example
   * ```ts
   * const { today, limits } = await ai.usage();
   * console.log(`${today.usd} of ${limits.usd_per_day ?? "any"} USD`);
   * ```
   */
  usage(options?: CallOptions): Promise<UsageAnswer>;
  /**
   * Draws images.
   *
   * @example
   * ```ts
   * const { images } = await ai.generateImage({ prompt: "A lighthouse at dusk" });
   * for (const image of images) console.log("url" in image ? image.url : image.data_url);
   * ```
   */
  generateImage(request: ImageRequest, options?: CallOptions): Promise<ImageAnswer>;
  /**
   * Calls a function of the app's own that responds with JSON.
   *
   * @param slug of the function; a path or a query may follow it.
   * @param body is sent as JSON by POST. Without a body the request is a GET.
   *
   * @example
   * ```ts
   * const { text } = await ai.call<{ text: string }>("translate", { text: "Hello", to: "French" });
   * ```
   */
  call<Answer = unknown>(slug: string, body?: unknown, options?: CallOptions): Promise<Answer>;
  /**
   * Calls a function of the app's own that responds with a stream: chat chunks become parts as in
   * {@link AiClient.stream}, any other event becomes a `data` part.
   *
   * @param slug of the function; a path or a query may follow it.
   * @param body is sent as JSON by POST. Without a body the request is a GET.
   *
   * @example
   * ```ts
   * for await (const part of ai.streamFrom("support-bot", { question: "Where is my order?" })) {
   *   if (part.type === "data") console.log(part.data);
   *   if (part.type === "text") output.textContent += part.text;
   *   if (part.type === "error") throw part.error;
   * }
   * ```
   */
  streamFrom<Data = unknown>(
    slug: string,
    body?: unknown,
    options?: CallOptions,
  ): AsyncGenerator<StreamPart | DataPart<Data>, void>;
  /** Lets users pay with their own OpenRouter account. */
  readonly connect: ConnectClient;
  /** Generates videos, which takes minutes. */
  readonly video: VideoClient;
}

/**
 * Creates a client. It keeps nothing between calls and sends nothing by itself.
 *
 * @param options an InsForge client, or the functions' URL with a source of access tokens.
 *
 * @example
 * ```ts
 * import { createClient } from "@insforge/sdk";
 *
 * const insforge = createClient({ baseUrl, anonKey });
 * const ai = createAiClient({ insforge });
 * const { text } = await ai.chat({ prompt: "Name a colour" });
 * ```
 */
export function createAiClient(options: AiClientOptions): AiClient {
  const post = createPost("insforge" in options ? toConnection(options) : options);

  async function call<Answer>(
    slug: string,
    body?: unknown,
    { signal }: CallOptions = {},
  ): Promise<Answer> {
    return await readJson(await post(slug, body, signal), signal);
  }

  async function* readAll(
    response: Promise<Response>,
    options: ReadPartsOptions,
  ): AsyncGenerator<StreamPart | DataPart, void> {
    try {
      yield* readParts(await response, options);
    } catch (thrown) {
      if (!(thrown instanceof AiError)) throw thrown;
      yield { type: "error", error: thrown };
    }
  }

  return {
    call,
    async *streamFrom<Data>(slug: string, body?: unknown, { signal }: CallOptions = {}) {
      const parts = readAll(post(slug, body, signal), { signal, hasOwnEvents: true });
      yield* parts as AsyncGenerator<StreamPart | DataPart<Data>, void>;
    },
    chat: (request, options) => call("chat", request, options),
    async *stream(request, { signal } = {}) {
      const response = post("stream", request, signal).catch((error) => {
        if (error?.status !== 404) throw error;
        return post("chat", { ...request, stream: undefined }, signal);
      });
      for await (const part of readAll(response, { signal })) if (part.type !== "data") yield part;
    },
    summarizeRecords: (request, options) => call("summarize-records", request, options),
    async *streamSummary(request, { signal } = {}) {
      const response = post("summarize-records", { ...request, stream: true }, signal);
      for await (const part of readAll(response, { signal })) {
        if (part.type !== "data") yield part;
        else {
          const { summary, progress } = part.data as Partial<SummaryStart & SummaryProgress>;
          if (progress) yield { type: "progress", ...progress };
          if (summary) yield { type: "summary", summary };
        }
      }
    },
    usage: (options) => call("usage", undefined, options),
    embeddings: (request, options) => call("embeddings", request, options),
    generateImage: (request, options) => call("image-gen", request, options),
    ...createMedia(call),
    ...createAsk(
      call,
      (slug, body, { signal } = {}) => readAll(post(slug, body, signal), { signal }),
    ),
    connect: createConnect(post),
    video: createVideo(post),
  };
}
