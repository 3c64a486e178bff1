/** The one interface behind which the AI gateways stand, and the choice among them. */
import type { ApiError } from "../errors.ts";
import type { Fields } from "../fields.ts";
import type { Settings } from "../settings.ts";
import type { GatewayName, Received } from "./failures.ts";
import { createOpenRouter } from "./openrouter.ts";
import { createPinata } from "./pinata.ts";
import { createPinme } from "./pinme.ts";

/** An operation by its path, such as `/embeddings`, or a request field that not every gateway has. */
export type Feature = `/${string}` | "plugins" | "provider";

/** A request as a gateway expects it; nothing has been sent yet. */
export interface GatewayRequest {
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

const GATEWAYS: Record<Settings["AI_GATEWAY"], (settings: Settings) => Gateway> = {
  openrouter: createOpenRouter,
  pinata: createPinata,
  pinme: createPinme,
};

/**
 * The gateway that `AI_GATEWAY` names.
 *
 * @throws {ApiError} 500 `INTERNAL_ERROR` when `AI_GATEWAY` is not a known gateway.
 */
export function chooseGateway(settings: Settings): Gateway {
  return GATEWAYS[settings.AI_GATEWAY](settings);
}
