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

/**
 * OpenRouter as a gateway.
 *
 * @param caller the headers of the caller's request; its `HTTP-Referer` and `X-Title` name the app
 *   where `OPENROUTER_SITE_URL` and `OPENROUTER_APP_NAME` do not.
 */
export function createOpenRouter(settings: Settings, caller?: Headers): Gateway {
  const createHeaders = (key: string | null) => ({
    ...(key !== null && { "Authorization": `Bearer ${key}` }),
    ...toAttribution(settings, caller),
    "Content-Type": "application/json",
  });
  let withProjectKey: Record<string, string> | undefined;
  const toHeaders = (key?: string | null) =>
    key === undefined
      ? withProjectKey ??= createHeaders(requireKey(settings, OPENROUTER))
      : createHeaders(key);
  return {
    ...OPENROUTER,
    get url() {
      return settings.OPENROUTER_BASE_URL;
    },
    supports: () => true,
    request: (operation, fields) => ({
      url: settings.OPENROUTER_BASE_URL + operation,
      body: fields && JSON.stringify(fields),
      toHeaders,
      toOpenRouterForm: unchanged,
    }),
    readError: readOpenRouterError,
  };
}

function unchanged(json: unknown): unknown {
  return json;
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
function toAttribution(
  { OPENROUTER_SITE_URL, OPENROUTER_APP_NAME }: Settings,
  caller: Headers | undefined,
): Record<string, string> {
  const url = OPENROUTER_SITE_URL ?? toPageUrl(caller?.get("HTTP-Referer"));
  const name = OPENROUTER_APP_NAME ?? toAppName(caller?.get("X-Title"));
  return {
    ...(url && { "HTTP-Referer": url }),
    ...(name && {
      "X-OpenRouter-Title": name,
      "X-Title": name, // the older name, which other servers still read
    }),
  };
}

/** Longest URL and name that are taken from a caller, characters. */
const MAX_PAGE_URL = 500;
const MAX_APP_NAME = 100;

/** A page of the caller's; nothing for a text that is too long or no http or https URL. */
function toPageUrl(given: string | null | undefined): string | undefined {
  const url = given && given.length <= MAX_PAGE_URL ? URL.parse(given) : null;
  return url && /^https?:$/.test(url.protocol) ? url.href : undefined;
}

/** The name of the caller's app; nothing for a text that is too long or not printable ASCII. */
function toAppName(given: string | null | undefined): string | undefined {
  return given && given.length <= MAX_APP_NAME && /^[\x20-\x7e]+$/.test(given) ? given : undefined;
}
