/** Every setting: its name, form, unit and default. The only module that reads the environment. */
import {
  allowed,
  amount,
  baseUrl,
  encryptionKeys,
  flag,
  headerText,
  integer,
  oneOf,
  origins,
  pageUrl,
  port,
  returnUrls,
  text,
} from "./setting_readers.ts";

/** Where settings come from: `Deno.env`, or anything else that looks a name up. */
export interface Environment {
  /** The text of one environment variable. */
  get(name: string): string | undefined;
}

/** Creates an environment that looks a name up in `values` first, then in `environment`. */
export function withValues(
  values: Record<string, string>,
  environment: Environment = Deno.env,
): Environment {
  return { get: (name) => values[name] ?? environment.get(name) };
}

/**
 * Default of `MAX_OUTPUT_TOKENS`, the highest output limit that a request may set. A request without
 * a limit gets `DEFAULT_OUTPUT_TOKENS` of `request/output_tokens.ts`.
 */
export const DEFAULT_MAX_OUTPUT_TOKENS = 16_384;

/** How each setting is read, by its name. */
export const settingReaders = {
  OPENROUTER_API_KEY: headerText(),
  OPENROUTER_BASE_URL: baseUrl("https://openrouter.ai/api/v1"),
  OPENROUTER_CHAT_MODEL: text(), // the default depends on the gateway, see gateway/gateway.ts
  OPENROUTER_EMBEDDING_MODEL: text("openai/text-embedding-3-small"),
  OPENROUTER_IMAGE_MODEL: text("google/gemini-2.5-flash-image"),
  OPENROUTER_RERANK_MODEL: text("cohere/rerank-v3.5"),
  OPENROUTER_SPEECH_MODEL: text("openai/gpt-4o-mini-tts-2025-12-15"),
  OPENROUTER_TRANSCRIPTION_MODEL: text("openai/whisper-1"),
  OPENROUTER_VIDEO_MODEL: text("google/veo-3.1"),
  OPENROUTER_WEBHOOK_SECRET: text(),
  ENABLE_OBJECT_GEN: flag(false),
  OPENROUTER_SITE_URL: pageUrl(),
  OPENROUTER_APP_NAME: headerText(),

  AI_GATEWAY: oneOf("openrouter", "pinata", "pinme"),
  PINATA_LLM_KEY: headerText(),
  PINATA_BASE_URL: baseUrl("https://agents.pinata.cloud/v0/llm"),
  PINME_API_KEY: headerText(),
  PINME_PROJECT_NAME: text(),
  PINME_BASE_URL: baseUrl("https://pinme.cloud"),

  INSFORGE_BASE_URL: baseUrl(),
  INSFORGE_INTERNAL_URL: baseUrl(),
  ANON_KEY: text(),
  API_KEY: headerText(),
  JWT_SECRET: text(),
  JWT_PUBLIC_KEY: text(),
  JWT_KEY_ID: text(),
  AUTH_STRICT: flag(false),

  IMAGE_BUCKET: text("images"),

  KEYS_ENCRYPTION_KEY: encryptionKeys(),
  CONNECT_RETURN_URLS: returnUrls(),
  REQUIRE_USER_KEY: flag(false),

  ALLOWED_ORIGINS: origins(["*"]),
  ASSISTANTS_ONLY: flag(false),
  ALLOWED_MODELS: allowed("models"),
  ALLOWED_SERVER_TOOLS: allowed("server tools"),
  ALLOWED_PLUGINS: allowed("plugins"),
  MAX_PROMPT_CHARS: integer(4_000, { unit: "characters" }),
  MAX_INPUT_TOKENS: integer(undefined, { unit: "tokens" }),
  MAX_OUTPUT_TOKENS: integer(DEFAULT_MAX_OUTPUT_TOKENS, { unit: "tokens" }),
  MAX_BODY_BYTES: integer(undefined, { unit: "bytes" }),
  REQUEST_DEADLINE_MS: integer(55_000, { unit: "milliseconds", min: 1_000 }),
  STREAM_FIRST_EVENT_DEADLINE_MS: integer(120_000, { unit: "milliseconds", min: 1_000 }),
  STREAM_IDLE_WATCHDOG_MS: integer(60_000, { unit: "milliseconds", min: 1_000 }),
  MAX_PROMPT_USD_PER_MILLION: amount("USD"),
  MAX_COMPLETION_USD_PER_MILLION: amount("USD"),
  USER_REQUESTS_PER_MINUTE: integer(undefined, { unit: "requests" }),
  USER_TOKENS_PER_DAY: integer(undefined, { unit: "tokens" }),
  USER_USD_PER_DAY: amount("USD"),
  USER_USD_PER_MONTH: amount("USD"),
  PROJECT_USD_PER_DAY: amount("USD"),
  PROJECT_USD_PER_MONTH: amount("USD"),
  LEGACY_ALLOW_ANON: flag(false),
  LEGACY_ALLOW_API_KEY: flag(false),
  OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: flag(false),

  PORT: port(8000),
  HOST: text("127.0.0.1"),
  INSFORGE_PORT: port(7130),
  OPENROUTER_PORT: port(7140),
};

/** The settings by the names of their environment variables, read and checked on access. */
export type Settings = {
  readonly [Name in keyof typeof settingReaders]: ReturnType<typeof settingReaders[Name]>;
};

/** The names of all settings. */
export const settingNames = Object.keys(settingReaders) as (keyof Settings)[];

/**
 * Gives access to the settings in `environment`. A setting is read on first access, so an invalid
 * value breaks only the requests that need it.
 *
 * @param environment `Deno.env` unless given. It is asked late and name by name, because InsForge's
 *   self-hosted runtime offers nothing but `Deno.env.get`.
 * @throws {ApiError} 500 `INTERNAL_ERROR` on access to a setting whose value has not the required
 *   form; the message names the setting, the form and the unit, never the value.
 */
export function createSettings(environment: Environment = Deno.env): Settings {
  return new EnvironmentSettings(environment) as unknown as Settings;
}

/** How long settings are kept, milliseconds. */
const KEPT_MS = 1_000;

const kept = new WeakMap<Environment, { settings: Settings; until: number }>();

/**
 * The settings in `environment`, at most one second old: to read the environment costs more than most
 * of a request. Requests that follow each other get the same object, see {@link perSettings}.
 *
 * @param environment `Deno.env` unless given.
 */
export function keepSettings(environment: Environment = Deno.env): Settings {
  const now = performance.now();
  const known = kept.get(environment);
  if (known && now < known.until) return known.settings;
  const settings = createSettings(environment);
  kept.set(environment, { settings, until: now + KEPT_MS });
  return settings;
}

/**
 * Computes a value that depends on settings alone once for each settings object.
 *
 * @param compute what to derive; when it throws, nothing is kept.
 * @returns a function that gives the value for the settings of a request.
 */
export function perSettings<T>(compute: (settings: Settings) => T): (settings: Settings) => T {
  const values = new WeakMap<Settings, T>();
  return (settings) => {
    let value = values.get(settings);
    if (value === undefined) values.set(settings, value = compute(settings));
    return value;
  };
}

/** Stands for a value that has not been read: `undefined` is a value. */
const UNREAD = Symbol("unread");

class EnvironmentSettings {
  /** Values by their position in `settingNames`: looking a name up in the environment is slow. */
  readonly known: unknown[] = settingNames.map(() => UNREAD);
  constructor(readonly environment: Environment) {}
}
settingNames.forEach((name, i) => {
  Object.defineProperty(EnvironmentSettings.prototype, name, {
    get(this: EnvironmentSettings) {
      const { known, environment } = this;
      if (known[i] !== UNREAD) return known[i];
      // An empty value is a line left blank in `.env`; it counts as not set.
      return known[i] = settingReaders[name](name, environment.get(name)?.trim() || undefined);
    },
  });
});
