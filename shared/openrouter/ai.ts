/** The metered AI client that a handler of `withAi` receives. */
import { applyAssistant } from "../assistants/apply.ts";
import type { Fields } from "../fields.ts";
import type { Call } from "../http/call.ts";
import { type Convert, convertEvents } from "../http/converted_events.ts";
import { eventStream, textStream } from "../http/event_stream.ts";
import { toCompletionBody } from "../request/chat_request.ts";
import { type ChatAnswer, toChatAnswer } from "./chat.ts";
import { createCompletion, createCompletions, streamCompletion } from "./completions.ts";
import { embedAll, type Embeddings } from "./embeddings.ts";
import { createImages, type ImageList, streamImages } from "./images.ts";
import { createSpeech, createTranscription, type Transcription } from "./audio.ts";
import type { GeneratedFile } from "./bytes.ts";
import { createRanking, type Ranking } from "./rerank.ts";
import { toPlainText } from "./plain_text.ts";
import { openPreparedStream, type Preparation } from "./prepared_stream.ts";

/** A chat to complete: a prompt or messages, and any other field of OpenRouter's API. */
export interface ChatParams extends Fields {
  /** The text of a user message. */
  prompt?: string;
  /** Instructions that precede `prompt`. */
  system?: string;
  /** A conversation in OpenAI's form, instead of `prompt` and `system`. */
  messages?: unknown[];
  /** The setting `OPENROUTER_CHAT_MODEL` unless given. */
  model?: string;
  /**
   * The name of an assistant, a file in `prompts/`. Its text comes first; its model and its other
   * fields count where they are not given here.
   */
  assistant?: string;
  /** The values of the assistant's variables. */
  variables?: Fields;
}

/**
 * Calls of OpenRouter that are checked against the policy, reserved, and charged to the caller. All
 * of them throw `ApiError`, which `withAi` turns into a response.
 */
export interface Ai {
  /**
   * Completes one chat.
   *
   * @throws {ApiError} as the docs' table of errors says.
   * @see https://openrouter.ai/docs/api-reference/chat-completion
   */
  complete(params: ChatParams): Promise<ChatAnswer>;
  /**
   * Completes several chats. The cost of all is reserved before the first is sent; after the first
   * failure the others are aborted.
   *
   * @param options.concurrency how many are in flight at a time; 4 unless given.
   * @param options.signal aborts all of them.
   * @param options.onEach called after each answer, with the number of answers so far.
   * @returns one answer per item, in their order.
   */
  completeAll(list: ChatParams[], options?: CompleteAllOptions): Promise<ChatAnswer[]>;
  /**
   * Streams one chat completion.
   *
   * @param options.first JSON that is sent as the first event.
   * @returns an SSE response to return from the handler: OpenRouter's own events.
   * @see https://openrouter.ai/docs/api-reference/streaming
   */
  stream(params: ChatParams, options?: { first?: object }): Promise<Response>;
  /**
   * Streams one chat completion whose messages other calls have to prepare.
   *
   * @param prepare makes these calls, reports events to send meanwhile, and returns what to complete. A
   *   failure after its first event is an error event.
   * @returns an SSE response to return from the handler: the events reported, then as {@link stream}.
   */
  streamAfter(prepare: (preparation: Preparation) => Promise<Prepared>): Promise<Response>;
  /**
   * Streams the text of one chat completion, without events. A failure after the first byte breaks
   * the connection, because plain text has no form for an error.
   *
   * @returns a `text/plain` response to return from the handler.
   */
  streamText(params: ChatParams): Promise<Response>;
  /**
   * Creates embeddings as floats, one vector per input. Long lists are sent in batches of 100.
   *
   * @param params the inputs, and any other field of OpenRouter's API; `model` is the setting
   *   `OPENROUTER_EMBEDDING_MODEL` unless given.
   * @see https://openrouter.ai/docs/api-reference/embeddings
   */
  embed(
    params: Fields & { input: string | (string | object)[]; model?: string },
  ): Promise<Embeddings>;
  /**
   * Generates images with OpenRouter's image API.
   *
   * @param params the prompt, and any other field of OpenRouter's API; `model` is the setting
   *   `OPENROUTER_IMAGE_MODEL` unless given.
   * @returns at least one image, base64.
   */
  images(params: Fields & { prompt: string; model?: string }): Promise<ImageList>;
  /**
   * Streams images of OpenRouter's image API: previews, when the provider has them, then each image.
   *
   * @param options.convert changes each event; without it they are OpenRouter's own.
   * @returns an SSE response to return from the handler.
   */
  streamImages(
    params: Fields & { prompt: string; model?: string },
    options?: { convert?: Convert },
  ): Promise<Response>;
  /**
   * Ranks documents by their relevance to a query.
   *
   * @param params query, documents and any other field of OpenRouter's API; `model` is the setting
   *   `OPENROUTER_RERANK_MODEL` unless given.
   * @returns the most relevant document first, each by its index.
   */
  rerank(
    params: Fields & { query: string; documents: unknown[]; model?: string },
  ): Promise<Ranking>;
  /**
   * Speaks a text.
   *
   * @param params the text, and any other field of OpenRouter's API; `model` is the setting
   *   `OPENROUTER_SPEECH_MODEL` unless given.
   * @returns the audio, which is held in memory.
   */
  speak(params: Fields & { input: string; model?: string }): Promise<GeneratedFile>;
  /**
   * Writes down what is said in a recording.
   *
   * @param params the recording as `input_audio: { data, format }`, and any other field of OpenRouter's
   *   API; `model` is the setting `OPENROUTER_TRANSCRIPTION_MODEL` unless given.
   */
  transcribe(
    params: Fields & { input_audio: { data: string; format: string }; model?: string },
  ): Promise<Transcription>;
}

/** How several chats are completed. */
export interface CompleteAllOptions {
  /** How many are in flight at a time; 4 unless given. */
  concurrency?: number;
  /** Aborts all of them. */
  signal?: AbortSignal;
  /** Called after each answer, with the number of answers so far. */
  onEach?: (count: number) => void;
}

/** What a preparation was for. */
export interface Prepared {
  /** The chat to complete. */
  params: ChatParams;
  /** JSON of an event to send before the completion's own. */
  first?: object;
}

const CONCURRENCY = 4;

/** Creates the AI client of a call whose user is known. */
export function createAi(call: Call): Ai {
  const { settings } = call;
  const toBody = (params: ChatParams) =>
    toCompletionBody(applyAssistant(call, toMessages(params)), settings);
  return {
    complete: async (params) => toChatAnswer(await createCompletion(call, toBody(params))),
    completeAll: async (list, { concurrency = CONCURRENCY, ...options } = {}) => {
      const bodies = list.map(toBody);
      return (await createCompletions(call, bodies, { concurrency, ...options })).map(toChatAnswer);
    },
    stream: async (params, { first } = {}) =>
      eventStream(call, await streamCompletion(call, toBody(params), { first })),
    streamAfter: async (prepare) =>
      eventStream(
        call,
        await openPreparedStream(call, async (preparation) => {
          const { params, first } = await prepare(preparation);
          return await streamCompletion(call, toBody(params), { first });
        }),
      ),
    streamText: async (params) =>
      textStream(call, toPlainText(await streamCompletion(call, toBody(params)))),
    embed: ({ model = settings.OPENROUTER_EMBEDDING_MODEL, input, ...params }) =>
      embedAll(call, { ...params, model, input: [input].flat() }),
    images: ({ model = settings.OPENROUTER_IMAGE_MODEL, ...params }) =>
      createImages(call, { ...params, model }),
    streamImages: async (
      { model = settings.OPENROUTER_IMAGE_MODEL, ...params },
      { convert = (event: Fields) => event } = {},
    ) => {
      const events = await streamImages(call, { ...params, model });
      return eventStream(call, convertEvents(events, convert));
    },
    rerank: ({ model = settings.OPENROUTER_RERANK_MODEL, ...params }) =>
      createRanking(call, { ...params, model }),
    speak: ({ model = settings.OPENROUTER_SPEECH_MODEL, ...params }) =>
      createSpeech(call, { ...params, model }),
    transcribe: ({ model = settings.OPENROUTER_TRANSCRIPTION_MODEL, ...params }) =>
      createTranscription(call, { ...params, model }),
  };
}

/** A prompt as messages. */
function toMessages({ prompt, system, ...params }: ChatParams): Fields {
  if (prompt === undefined) return system === undefined ? params : { ...params, system };
  const instructions = system === undefined ? [] : [{ role: "system", content: system }];
  return { ...params, messages: [...instructions, { role: "user", content: prompt }] };
}
