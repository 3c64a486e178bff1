/** Every setting: its default, its unit, its check. The only place that reads the environment. */
import { ApiError } from "./errors.ts";

/** Where settings come from: `Deno.env`, or anything else that looks a name up. */
export interface Environment {
  get(name: string): string | undefined;
}

/** An environment in which `values` come first, and what they lack is looked up in `environment`. */
export function withValues(
  values: Record<string, string>,
  environment: Environment = Deno.env,
): Environment {
  return { get: (name) => values[name] ?? environment.get(name) };
}

type Read<T> = (name: string, value: string | undefined) => T;

/** Tokens of an answer, at most, where a project sets no other limit. */
export const DEFAULT_MAX_OUTPUT_TOKENS = 16_384;

const table = {
  OPENROUTER_API_KEY: headerText(),
  OPENROUTER_BASE_URL: address("https://openrouter.ai/api/v1"),
  OPENROUTER_CHAT_MODEL: text(), // the default depends on the gateway, see gateway/gateway.ts
  OPENROUTER_EMBEDDING_MODEL: text("openai/text-embedding-3-small"),
  OPENROUTER_IMAGE_MODEL: text("google/gemini-2.5-flash-image"),
  OPENROUTER_SITE_URL: page(),
  OPENROUTER_APP_NAME: headerText(),

  AI_GATEWAY: oneOf("openrouter", "pinata", "pinme"),
  PINATA_LLM_KEY: headerText(),
  PINATA_BASE_URL: address("https://agents.pinata.cloud/v0/llm"),
  PINME_API_KEY: headerText(),
  PINME_PROJECT_NAME: text(),
  PINME_BASE_URL: address("https://pinme.cloud"),

  INSFORGE_BASE_URL: address(),
  INSFORGE_INTERNAL_URL: address(),
  ANON_KEY: text(),
  API_KEY: headerText(),
  JWT_SECRET: text(),
  JWT_PUBLIC_KEY: text(),
  JWT_KEY_ID: text(),
  AUTH_STRICT: flag(false),

  IMAGE_BUCKET: text("images"),

  KEYS_ENCRYPTION_KEY: encryptionKeys(),
  CONNECT_RETURN_URLS: returnAddresses(),
  REQUIRE_USER_KEY: flag(false),

  ALLOWED_ORIGINS: origins(["*"]),
  ALLOWED_MODELS: allowed("models"),
  ALLOWED_SERVER_TOOLS: allowed("server tools"),
  ALLOWED_PLUGINS: allowed("plugins"),
  MAX_PROMPT_CHARS: integer(4_000, "characters"),
  MAX_OUTPUT_TOKENS: integer(DEFAULT_MAX_OUTPUT_TOKENS, "tokens"),
  MAX_BODY_BYTES: integer(undefined, "bytes"),
  REQUEST_DEADLINE_MS: integer(55_000, "milliseconds", 1_000),
  STREAM_FIRST_EVENT_DEADLINE_MS: integer(55_000, "milliseconds", 1_000),
  STREAM_IDLE_WATCHDOG_MS: integer(60_000, "milliseconds", 1_000),
  MAX_PROMPT_USD_PER_MILLION: amount("USD"),
  MAX_COMPLETION_USD_PER_MILLION: amount("USD"),
  USER_REQUESTS_PER_MINUTE: integer(undefined, "requests"),
  USER_TOKENS_PER_DAY: integer(undefined, "tokens"),
  USER_USD_PER_DAY: amount("USD"),
  USER_USD_PER_MONTH: amount("USD"),
  PROJECT_USD_PER_DAY: amount("USD"),
  PROJECT_USD_PER_MONTH: amount("USD"),
  LEGACY_ALLOW_ANON: flag(false),
  LEGACY_ALLOW_API_KEY: flag(false),

  PORT: port(8000),
  HOST: text("127.0.0.1"),
  INSFORGE_PORT: port(7130),
  OPENROUTER_PORT: port(7140),
};

/** The settings by their environment names, read and checked at the moment they are asked for. */
export type Settings = { readonly [Name in keyof typeof table]: ReturnType<typeof table[Name]> };

/** The names of all settings. */
export const settingNames = Object.keys(table) as (keyof Settings)[];

/**
 * Gives access to the settings in `environment`. Nothing is read before a setting is asked for, so a
 * wrong value breaks only what needs it. What was read is kept as long as the settings are, which is
 * one request: a changed value counts from the next one on.
 *
 * @param environment `Deno.env` unless given. It is looked up late and name by name, because
 *   InsForge's self-hosted runtime offers nothing but `Deno.env.get`.
 * @throws {ApiError} 500 `INTERNAL_ERROR` on access to a setting whose value has not the right form;
 *   the message names the setting, the form and the unit, never the value.
 */
export function createSettings(environment: Environment = Deno.env): Settings {
  return new EnvironmentSettings(environment) as unknown as Settings;
}

class EnvironmentSettings {
  /** Values looked up before: the environment is slow to ask. */
  readonly known = new Map<string, unknown>();
  constructor(readonly environment: Environment) {}
}
for (const name of settingNames) {
  Object.defineProperty(EnvironmentSettings.prototype, name, {
    get(this: EnvironmentSettings) {
      const { known, environment } = this;
      if (known.has(name)) return known.get(name);
      // An empty value is how a line left blank in `.env` arrives: as good as not set.
      const text = environment.get(name)?.trim() || undefined;
      const value = table[name](name, text);
      known.set(name, value);
      return value;
    },
  });
}

function text(): Read<string | undefined>;
function text(fallback: string): Read<string>;
function text(fallback?: string): Read<string | undefined> {
  return (_name, value) => value ?? fallback;
}

/** One of some words, the first unless set. */
function oneOf<Word extends string>(...words: [Word, ...Word[]]): Read<Word> {
  return (name, value = words[0]) => {
    const word = words.find((word) => word === value);
    if (!word) throw unfit(name, words.map((word) => `"${word}"`).join(" or "));
    return word;
  };
}

function headerText(): Read<string | undefined> {
  return (name, value) => {
    if (value && !/^[\x20-\x7e]+$/.test(value)) throw unfit(name, "printable ASCII on one line");
    return value;
  };
}

function flag(fallback: boolean): Read<boolean> {
  return (name, value = String(fallback)) => {
    if (value !== "true" && value !== "false") throw unfit(name, `"true" or "false"`);
    return value === "true";
  };
}

function integer(fallback: number, unit: string, min?: number, max?: number): Read<number>;
function integer(fallback: undefined, unit: string, min?: number): Read<number | undefined>;
function integer(
  fallback: number | undefined,
  unit: string,
  min = 1,
  max = 2 ** 31 - 1,
): Read<number | undefined> {
  return (name, value) => {
    if (value === undefined) return fallback;
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < min || number > max) {
      throw unfit(name, `a whole number${unit && ` of ${unit}`} from ${min} to ${max}`);
    }
    return number;
  };
}

function amount(unit: string): Read<number | undefined> {
  return (name, value) => {
    if (value === undefined) return undefined;
    const number = Number(value);
    if (!/^\d+(\.\d+)?$/.test(value) || number === Infinity) {
      throw unfit(name, `a number of ${unit}, such as 0.5`);
    }
    return number;
  };
}

function port(fallback: number): Read<number> {
  return integer(fallback, "", 0, 65_535);
}

function address(): Read<string | undefined>;
function address(fallback: string): Read<string>;
function address(fallback?: string): Read<string | undefined> {
  return (name, value) => {
    if (value === undefined) return fallback;
    const url = parseAddress(value);
    // Paths are put behind it, and it is printed: a query or a password has no place in it.
    if (!url || url.username || url.password || /[?#]/.test(url.href)) {
      throw unfit(name, "an http or https address without user, query and fragment");
    }
    return url.href.replace(/\/+$/, "");
  };
}

/** The address of a page, in the ASCII that headers take. */
function page(): Read<string | undefined> {
  return (name, value) => {
    if (value === undefined) return undefined;
    const url = parseAddress(value);
    if (!url) throw unfit(name, "an http or https address");
    return url.href.replace(/\/+$/, "");
  };
}

function parseAddress(text: string): URL | undefined {
  const url = URL.parse(text);
  return url && /^https?:$/.test(url.protocol) ? url : undefined;
}

function origins(fallback: string[]): Read<string[]> {
  return (name, value) => {
    if (value === undefined) return fallback;
    const list = toList(value);
    if (
      list.length === 0 ||
      list.some((origin) => origin !== "*" && toOrigin(origin) !== origin)
    ) {
      throw unfit(name, `"*" or a comma list of origins such as https://app.example.com`);
    }
    return list;
  };
}

/** What a browser calls the origin of an address; apps in a web view have schemes of their own. */
function toOrigin(text: string): string | undefined {
  const url = URL.parse(text);
  return url?.host ? `${url.protocol}//${url.host}` : undefined;
}

/** Names with `*` in them; everything unless set, nothing for `none`. */
function allowed(what: string): Read<string[]> {
  return (name, value = "*") => {
    if (value === "none") return [];
    const list = toList(value);
    if (list.length === 0 || list.includes("none") || list.some((item) => /\s/.test(item))) {
      throw unfit(name, `a comma list of ${what}, in which * stands for any text, or "none"`);
    }
    return list;
  };
}

function encryptionKeys(): Read<Uint8Array<ArrayBuffer>[] | undefined> {
  return (name, value) => {
    const keys = value === undefined ? undefined : toList(value).map(toKeyBytes);
    if (keys?.length === 0 || keys?.includes(undefined)) {
      throw unfit(name, "a key of 32 bytes in base64 or hex, or a comma list of such keys");
    }
    return keys as Uint8Array<ArrayBuffer>[] | undefined;
  };
}

function toKeyBytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) {
    return Uint8Array.from(text.match(/../g)!, (byte) => parseInt(byte, 16));
  }
  if (!/^[A-Za-z0-9+/]{43}=?$/.test(text)) return undefined;
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function returnAddresses(): Read<string[]> {
  return (name, value = "") => {
    const addresses = toList(value).map((text) => URL.parse(text));
    if (!addresses.every(isReturnAddress)) {
      throw unfit(name, "a comma list of https addresses such as https://app.example.com/settings");
    }
    return addresses.map(({ href }) => href);
  };
}

/** Where OpenRouter sends a browser back to: https, or plain http on the developer's machine. */
function isReturnAddress(url: URL | null): url is URL {
  // Whoever writes a star means a wildcard, and there is none.
  if (!url || url.hash || url.username || url.password || url.href.includes("*")) return false;
  return url.protocol === "https:" ||
    url.protocol === "http:" && /^(localhost|127\.0\.0\.1)$/.test(url.hostname);
}

function toList(value: string): string[] {
  return value.split(",").map((item) => item.trim()).filter(Boolean);
}

function unfit(name: string, form: string): ApiError {
  return new ApiError(500, "INTERNAL_ERROR", `The setting ${name} must be ${form}`);
}
