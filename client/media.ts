/** The catalogue of models, rankings, speech and transcription, as methods. */
import type { CallOptions } from "./connection.ts";
import type {
  ModelEntry,
  ModelsAnswer,
  RerankAnswer,
  SpeechAnswer,
  TranscribeAnswer,
} from "./contract.ts";
import type { SavePlace } from "./requests.ts";

/** Which models to list, and in which order. */
export interface ModelFilters {
  /** What the models generate, such as `text`, `image`, `speech` or `embeddings`. */
  modality?: string | undefined;
  /** Words that id or name contain, in any letter case. */
  q?: string | undefined;
  /** Whether text costs nothing. */
  free?: boolean | undefined;
  /** By name, by price, or by age with the newest first, or by context with the longest first. */
  sort?: "name" | "price" | "context" | "newest" | undefined;
  /** Request fields that the models support, such as `tools`. */
  supported_parameters?: readonly string[] | undefined;
}

/** A request for a ranking. */
export interface RerankRequest {
  /** What to look for. */
  query: string;
  /** At most 1,000 texts, or objects with a text or the URL of an image. */
  documents: readonly (string | { text?: string | undefined; image?: string | undefined })[];
  /** The app's default model when missing. */
  model?: string | null | undefined;
  /** How many documents to return; all when missing. */
  top_n?: number | null | undefined;
  /** Which providers may answer, and in which order. */
  provider?: object | null | undefined;
}

/** A request for speech. */
export interface SpeechRequest {
  /** What to say. */
  input: string;
  /** The app's default model when missing. */
  model?: string | null | undefined;
  /** One of the model's voices, which {@link MediaClient.model} lists. */
  voice?: string | null | undefined;
  /** `mp3` when missing. `pcm` is raw samples of 16 bits. */
  response_format?: "mp3" | "pcm" | null | undefined;
  /** Tempo, from 0.25 to 4. */
  speed?: number | null | undefined;
  /** Which providers may answer, and in which order. */
  provider?: object | null | undefined;
  /** Stores the audio in a bucket of the app, as the signed-in user. */
  save?: SavePlace | null | undefined;
}

/** A request for the text of a recording. */
export interface TranscribeRequest {
  /** The recording in base64, or as a data URL. At most 6 MiB of audio. */
  audio: string;
  /** Such as `mp3` or `wav`; a data URL names it itself. */
  format?: string | null | undefined;
  /** The app's default model when missing. */
  model?: string | null | undefined;
  /** ISO 639-1, such as `en`; recognized when missing. */
  language?: string | null | undefined;
  /** Randomness, from 0 to 1. */
  temperature?: number | null | undefined;
  /** `verbose_json` adds language, duration and times, with models that have them. */
  response_format?: "json" | "verbose_json" | null | undefined;
  /** The times to add. */
  timestamp_granularities?: readonly ("word" | "segment")[] | null | undefined;
  /** Which providers may answer, and in which order. */
  provider?: object | null | undefined;
  /** Stores the text in a bucket of the app, as the signed-in user. */
  save?: SavePlace | null | undefined;
}

/** The methods of the client for models, rankings and audio. */
export interface MediaClient {
  /**
   * Lists the models that the app allows, with prices and abilities.
   *
   * @example
   * ```ts
   * const { models } = await ai.models({ modality: "text", sort: "price" });
   * for (const { name, prices } of models) console.log(`${name}: ${prices.prompt} USD`);
   * ```
   */
  models(filters?: ModelFilters, options?: CallOptions): Promise<ModelsAnswer>;
  /**
   * Reads one model.
   *
   * @param id such as `openai/gpt-4o-mini`.
   *
   * @example
   * ```ts
   * const { context_length } = await ai.model("openai/gpt-4o-mini");
   * ```
   */
  model(id: string, options?: CallOptions): Promise<ModelEntry>;
  /**
   * Ranks documents by their relevance to a query.
   *
   * @example
   * ```ts
   * const { results } = await ai.rerank({ query: "bread", documents: ["a ferry", "a bakery"] });
   * console.log(results[0]?.document);
   * ```
   */
  rerank(request: RerankRequest, options?: CallOptions): Promise<RerankAnswer>;
  /**
   * Speaks a text.
   *
   * @example
   * ```ts
   * const { audio } = await ai.speech({ input: "The ferry leaves at nine." });
   * console.log("data_url" in audio ? audio.data_url : audio.url);
   * ```
   */
  speech(request: SpeechRequest, options?: CallOptions): Promise<SpeechAnswer>;
  /**
   * Writes down what is said in a recording.
   *
   * @example
   * ```ts
   * const recording = "data:audio/webm;base64,GkXfo59ChoEBQveBAULygQ==";
   * const { text } = await ai.transcribe({ audio: recording });
   * ```
   */
  transcribe(request: TranscribeRequest, options?: CallOptions): Promise<TranscribeAnswer>;
}

/** The `call` method of the client. */
export type CallJson = <Answer>(
  slug: string,
  body?: unknown,
  options?: CallOptions,
) => Promise<Answer>;

/** Creates the methods. The query names the model, as not every platform routes sub-paths. */
export function createMedia(call: CallJson): MediaClient {
  const read = <Answer>(query: object, options?: CallOptions) => {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(given.map(([name, value]) => [name, `${value}`]));
    return call<Answer>(`models?${search}`, undefined, options);
  };
  return {
    models: (filters = {}, options) => read(filters, options),
    model: (id, options) => read({ route: id }, options),
    rerank: (request, options) => call("rerank", request, options),
    speech: (request, options) => call("speech", request, options),
    transcribe: (request, options) => call("transcribe", request, options),
  };
}
