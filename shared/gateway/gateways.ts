/** OpenRouter, Pinata and PinMe: where each one is, what it wants to see, and what it lacks. */
import { ApiError, invalidInput } from "../errors.ts";
import { requireOpenAIParams } from "./openai_fields.ts";
import type { Asked } from "./failures.ts";
import type { Settings } from "../settings.ts";
import type { Fields } from "../fields.ts";

/** A gateway's manners. */
interface Gateway extends Asked {
  keySetting: "OPENROUTER_API_KEY" | "PINATA_LLM_KEY" | "PINME_API_KEY";
  /** The settings that have no default, and what each must be. */
  needs: { [Name in keyof Settings]?: string };
  toUrl(path: string, settings: Settings): string;
  toHeaders(key: string, settings: Settings): Record<string, string>;
  /** The operations it has, where they are not all of OpenRouter's. */
  paths?: string[];
  /** Whether users' own OpenRouter keys are of any use there. */
  takesUserKeys?: true;
  /** The largest body it takes. */
  maxBodyBytes?: number;
  /** The body of a chat completion as it wants it; throws for what it lacks. */
  toParams?(params: Fields, setting: string): Fields;
  /** Its list of models in OpenRouter's form. */
  toModels?(list: unknown): unknown;
}

const CHAT_ALONE = ["/chat/completions", "/models"];

const GATEWAYS: Record<Settings["AI_GATEWAY"], Gateway> = {
  openrouter: {
    title: "OpenRouter",
    keySetting: "OPENROUTER_API_KEY",
    needs: { OPENROUTER_API_KEY: "the project's OpenRouter key" },
    toUrl: (path, { OPENROUTER_BASE_URL }) => OPENROUTER_BASE_URL + path,
    toHeaders: (key, settings) => ({ ...toBearer(key), ...toAttribution(settings) }),
    takesUserKeys: true,
  },
  pinata: {
    title: "Pinata",
    keySetting: "PINATA_LLM_KEY",
    needs: { PINATA_LLM_KEY: "the project's Pinata key for inference" },
    toUrl: (path, { PINATA_BASE_URL }) => PINATA_BASE_URL + toOperation(path),
    toHeaders: toBearer,
    paths: CHAT_ALONE,
    toParams: requireOpenAIParams,
    toModels: toOpenRouterModels,
  },
  pinme: {
    title: "PinMe",
    keySetting: "PINME_API_KEY",
    needs: {
      PINME_API_KEY: "the project's PinMe key",
      PINME_PROJECT_NAME: "the project's name at PinMe",
    },
    passesErrorsOn: true,
    toUrl: (path, { PINME_BASE_URL, PINME_PROJECT_NAME = "" }) => {
      const project = new URLSearchParams({ project_name: PINME_PROJECT_NAME });
      return `${PINME_BASE_URL}/api/v1${path}${path.includes("?") ? "&" : "?"}${project}`;
    },
    toHeaders: (key) => ({ "X-API-Key": key }),
    paths: CHAT_ALONE,
    maxBodyBytes: 1_048_576,
  },
};

/** A request as the chosen gateway wants it; nothing was sent yet. */
export interface GatewayRequest {
  /** For the words of its failures. */
  asked: Asked;
  url: string;
  /** JSON; without it the address is fetched. */
  body?: string;
  /** The answer's JSON in OpenRouter's form. */
  toAnswer(json: unknown): unknown;
}

/**
 * Makes the request that `AI_GATEWAY` asks for from one that is meant for OpenRouter.
 *
 * @param path an operation of OpenRouter's, such as `/chat/completions`, with its query.
 * @param params the body's fields; without them the path is fetched.
 * @throws {ApiError} 400 `INVALID_INPUT` for an operation or a field that the gateway lacks, 413 for
 *   a body above its limit.
 */
export function createGatewayRequest(
  settings: Settings,
  path: string,
  params?: Fields,
): GatewayRequest {
  const { AI_GATEWAY } = settings;
  const gateway = GATEWAYS[AI_GATEWAY];
  const setting = `AI_GATEWAY=${AI_GATEWAY}`;
  const operation = toOperation(path);
  if (gateway.paths && !gateway.paths.includes(operation)) {
    throw invalidInput(`"${operation}" is not available with ${setting}`);
  }
  const fields = params && gateway.toParams ? gateway.toParams(params, setting) : params;
  const body = fields && JSON.stringify(fields);
  if (body && gateway.maxBodyBytes) requireSize(body, gateway.maxBodyBytes, setting);
  const toModels = operation === "/models" && gateway.toModels;
  const toAnswer = toModels || ((json: unknown) => json);
  return { asked: gateway, url: gateway.toUrl(path, settings), body, toAnswer };
}

/**
 * The project's key for the chosen gateway.
 *
 * @throws {ApiError} 500 `AI_INVALID_API_KEY` that names the setting where it, or what belongs to
 *   it, is missing.
 */
export function requireGatewayKey(settings: Settings): string {
  for (const [name, meaning] of Object.entries(listGatewayNeeds(settings))) {
    if (settings[name as keyof Settings]) continue;
    const message = `The setting ${name} is missing; it must be ${meaning}`;
    throw new ApiError(500, "AI_INVALID_API_KEY", message);
  }
  return settings[GATEWAYS[settings.AI_GATEWAY].keySetting]!;
}

/** The settings without which the chosen gateway cannot be asked, by what each must be. */
export function listGatewayNeeds({ AI_GATEWAY }: Settings): Gateway["needs"] {
  return GATEWAYS[AI_GATEWAY].needs;
}

/** What the chosen gateway is called, and the setting of its key. */
export function describeGateway({ AI_GATEWAY }: Settings): Pick<Gateway, "title" | "keySetting"> {
  return GATEWAYS[AI_GATEWAY];
}

/** The headers of a request to the chosen gateway. */
export function toGatewayHeaders(settings: Settings, key: string): Record<string, string> {
  const headers = GATEWAYS[settings.AI_GATEWAY].toHeaders(key, settings);
  return { ...headers, "Content-Type": "application/json" };
}

/** The address that tells one gateway's answers from another's, for what is remembered of them. */
export function toGatewayAddress(settings: Settings): string {
  return GATEWAYS[settings.AI_GATEWAY].toUrl("", settings);
}

/**
 * Refuses to send a user's own OpenRouter key to anybody but OpenRouter.
 *
 * @throws {ApiError} 500 `INTERNAL_ERROR` when `AI_GATEWAY` is another.
 */
export function requireUserKeysTaken({ AI_GATEWAY }: Settings): void {
  if (GATEWAYS[AI_GATEWAY].takesUserKeys) return;
  const message = "The setting AI_GATEWAY must be openrouter where users have keys of their own";
  throw new ApiError(500, "INTERNAL_ERROR", message);
}

function toOperation(path: string): string {
  return path.split("?")[0];
}

function toBearer(key: string): Record<string, string> {
  return { "Authorization": `Bearer ${key}` };
}

/** How the app is named in OpenRouter's rankings. */
function toAttribution({ OPENROUTER_SITE_URL, OPENROUTER_APP_NAME }: Settings) {
  const headers: Record<string, string> = {};
  if (OPENROUTER_SITE_URL) headers["HTTP-Referer"] = OPENROUTER_SITE_URL;
  if (OPENROUTER_APP_NAME) {
    headers["X-OpenRouter-Title"] = OPENROUTER_APP_NAME;
    headers["X-Title"] = OPENROUTER_APP_NAME; // its older name, which other servers still read
  }
  return headers;
}

/** Counts bytes only where characters leave it open. */
function requireSize(body: string, maxBytes: number, setting: string): void {
  if (body.length * 3 <= maxBytes) return;
  if (body.length <= maxBytes && new TextEncoder().encode(body).length <= maxBytes) return;
  throw new ApiError(
    413,
    "INVALID_INPUT",
    `The request must not exceed ${maxBytes} bytes with ${setting}`,
    { nextActions: "Send less, and images by their address" },
  );
}

/** A row of Pinata's list, which is a bare array. */
interface PinataModel {
  model_id: string;
  input_usd_per_1m_tokens?: number | string | null;
  output_usd_per_1m_tokens?: number | string | null;
  cache_read_usd_per_1m_tokens?: number | string | null;
}

/** All of them write text; of other abilities the list says nothing. */
function toOpenRouterModels(list: unknown): unknown {
  if (!Array.isArray(list)) return list;
  const rows = (list as (PinataModel | null)[]).filter((row) => row?.model_id) as PinataModel[];
  const data = rows.map((model) => ({
    id: model.model_id,
    name: model.model_id,
    architecture: { input_modalities: ["text"], output_modalities: ["text"] },
    pricing: {
      prompt: toUsdPerToken(model.input_usd_per_1m_tokens),
      completion: toUsdPerToken(model.output_usd_per_1m_tokens),
      ...(model.cache_read_usd_per_1m_tokens != null && {
        input_cache_read: toUsdPerToken(model.cache_read_usd_per_1m_tokens),
      }),
    },
  }));
  return { data, total_count: data.length };
}

/** A price as OpenRouter writes it: a decimal without exponent; `-1` is one that is not known. */
function toUsdPerToken(perMillion: number | string | null | undefined): string {
  const usd = parseFloat(String(perMillion));
  if (!(usd >= 0 && usd < Infinity)) return "-1";
  return (usd / 1e6).toFixed(15).replace(/\.?0+$/, "");
}
