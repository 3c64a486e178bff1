/** OpenRouter, which supports every operation and field. https://openrouter.ai/docs/api-reference */
import { ApiError } from "../errors.ts";
import type { Settings } from "../settings.ts";
import { readError, requireKey } from "./failures.ts";
import type { Gateway, Received } from "./interface.ts";

const OPENROUTER = {
  title: "OpenRouter",
  keySetting: "OPENROUTER_API_KEY",
  requiredSettings: { OPENROUTER_API_KEY: "the project's OpenRouter key" },
  chatModel: "openai/gpt-4o-mini",
} as const;

/** OpenRouter as a gateway. */
export function createOpenRouter(settings: Settings): Gateway {
  return {
    ...OPENROUTER,
    get url() {
      return settings.OPENROUTER_BASE_URL;
    },
    supports: () => true,
    request: (operation, fields) => ({
      url: settings.OPENROUTER_BASE_URL + operation,
      body: fields && JSON.stringify(fields),
      toHeaders: (key = requireKey(settings, OPENROUTER)) => ({
        ...(key !== null && { "Authorization": `Bearer ${key}` }),
        ...toAttribution(settings),
        "Content-Type": "application/json",
      }),
      toOpenRouterForm: (json) => json,
    }),
    readError: readOpenRouterError,
  };
}

/** The error that a response or stream event of OpenRouter reports; see `Gateway.readError`. */
export function readOpenRouterError(received: Received): ApiError | undefined {
  return readError(received, OPENROUTER);
}

/** Whether OpenRouter is the gateway of this project. Records of generations exist only there. */
export function isOpenRouterChosen({ AI_GATEWAY }: Settings): boolean {
  return AI_GATEWAY === "openrouter";
}

/**
 * Requires OpenRouter to be the gateway, because a user's own OpenRouter key is sent to no other.
 *
 * @throws {ApiError} 500 `INTERNAL_ERROR` when `AI_GATEWAY` names another gateway.
 */
export function requireUserKeySupport(settings: Settings): void {
  if (isOpenRouterChosen(settings)) return;
  const message =
    `The setting AI_GATEWAY must be "openrouter" when users connect their own OpenRouter accounts`;
  throw new ApiError(500, "INTERNAL_ERROR", message);
}

/**
 * The headers that name the app in OpenRouter's rankings.
 *
 * @see https://openrouter.ai/docs/app-attribution
 */
function toAttribution({ OPENROUTER_SITE_URL, OPENROUTER_APP_NAME }: Settings) {
  return {
    ...(OPENROUTER_SITE_URL && { "HTTP-Referer": OPENROUTER_SITE_URL }),
    ...(OPENROUTER_APP_NAME && {
      "X-OpenRouter-Title": OPENROUTER_APP_NAME,
      "X-Title": OPENROUTER_APP_NAME, // the older name, which other servers still read
    }),
  };
}
