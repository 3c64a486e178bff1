/** The one interface behind which the AI gateways stand. */
import type { ApiError } from "../errors.ts";
import type { Fields } from "../fields.ts";
import type { Settings } from "../settings.ts";

/** The parts of a gateway that messages mention. */
export interface GatewayName {
  /** Its name. */
  readonly title: string;
  /** The setting that holds the project's key. */
  readonly keySetting: "OPENROUTER_API_KEY" | "PINATA_LLM_KEY" | "PINME_API_KEY";
  /** The settings that the gateway cannot work without, each with what it must be. */
  readonly requiredSettings: { readonly [Name in keyof Settings]?: string };
}

/** The parts of a response, or of an event in a stream, that can report an error. */
export interface Received {
  /** HTTP status; 200 for an event. */
  status: number;
  /** The headers of the response; absent for an event. */
  headers?: Headers;
  /** The text of a failed response; the JSON value of a successful response or of an event. */
  body: unknown;
}

/** An operation by its path, such as `/embeddings`, or a request field that not every gateway has. */
export type Feature = `/${string}` | "plugins" | "provider";

/** A request as a gateway expects it; nothing has been sent yet. */
export interface GatewayRequest {
  /** The complete URL. */
  url: string;
  /** JSON; absent for a GET request. */
  body?: string;
  /**
   * The headers, which hold the key.
   *
   * @param key the project's key unless given; null sends no key at all.
   * @throws {ApiError} 500 `AI_INVALID_API_KEY` that names the setting when the project's key is
   *   missing.
   */
  toHeaders(key?: string | null): Record<string, string>;
  /** Converts the JSON of a successful response to OpenRouter's form. */
  toOpenRouterForm(json: unknown): unknown;
}

/** A service that runs models: OpenRouter, or one that takes its place. */
export interface Gateway extends GatewayName {
  /** The model of a chat when neither the request nor `OPENROUTER_CHAT_MODEL` names one. */
  readonly chatModel: string;
  /** The base URL of its operations. What is cached of its responses is cached by this URL. */
  readonly url: string;
  /** Whether it has an operation or a request field. */
  supports(feature: Feature): boolean;
  /**
   * Converts a request to OpenRouter into one to this gateway.
   *
   * @param operation the path, such as `/chat/completions`, with its query.
   * @param fields the body; without it the request is a GET.
   * @throws {ApiError} 400 `INVALID_INPUT` for an operation or a field that the gateway does not
   *   support, 413 `INVALID_INPUT` for a body above its limit.
   */
  request(operation: string, fields?: Fields): GatewayRequest;
  /**
   * The error that a response or a stream event reports, if any.
   *
   * @returns always an error for a status of 300 or above; otherwise the error in the body, or
   *   undefined.
   */
  readError(received: Received): ApiError | undefined;
}
