/** Pinata, which serves chat and the list of models in OpenAI's form. https://docs.pinata.cloud/inference */
import { ApiError } from "../errors.ts";
import type { Fields } from "../fields.ts";
import type { Settings } from "../settings.ts";
import { readError, requireKey, unsupported } from "./failures.ts";
import type { Gateway, Received } from "./interface.ts";
import { parseBody } from "./upstream_error.ts";

const PINATA = {
  title: "Pinata",
  keySetting: "PINATA_LLM_KEY",
  requiredSettings: { PINATA_LLM_KEY: "the project's Pinata key for inference" },
  chatModel: "anthropic/claude-sonnet-4-6", // the only model id in Pinata's documentation
} as const;

const OPERATIONS = ["/chat/completions", "/models"];
/** The query of the whole list of models; Pinata's list has no filters. */
const ALL_MODELS = "output_modalities=all";

/** The request fields that only OpenRouter has. Sampling parameters are passed on, known or not. */
const OPENROUTER_FIELDS = [
  "models",
  "route",
  "provider",
  "plugins",
  "transforms",
  "preset",
  "reasoning",
  "include_reasoning",
  "usage",
  "image_config",
  "cache_control",
  "session_id",
  "trace",
  "debug",
  "structured_outputs",
  "max_tool_calls",
  "stop_server_tools_when",
];
const OPENROUTER_MODEL =
  /^(openrouter\/|[~@])|@preset\/|:(free|nitro|floor|exacto|extended|thinking|online)$/;
const TOOLS = ["function", "custom"];
const TOOL_CHOICES = [...TOOLS, "allowed_tools"];
const PARTS = ["text", "image_url", "input_audio", "file", "refusal"];
const RESPONSE_FORMATS = ["text", "json_object", "json_schema"];
const MODALITIES = ["text", "audio"];

/** Pinata as a gateway. */
export function createPinata(settings: Settings): Gateway {
  return {
    ...PINATA,
    get url() {
      return settings.PINATA_BASE_URL;
    },
    supports: (feature) =>
      feature.startsWith("/") ? OPERATIONS.includes(feature) : !OPENROUTER_FIELDS.includes(feature),
    request(operation, fields) {
      const [path = "", query = ALL_MODELS] = operation.split("?");
      if (!OPERATIONS.includes(path)) throw unsupported(`"${path}"`, PINATA);
      if (query !== ALL_MODELS) throw unsupported("A filter of the list of models", PINATA);
      const foreign = fields && findForeignValue(fields);
      if (foreign) throw unsupported(foreign, PINATA);
      return {
        url: this.url + path,
        body: fields && JSON.stringify(fields),
        toHeaders: (key = requireKey(settings, PINATA)) => ({
          ...(key !== null && { "Authorization": `Bearer ${key}` }),
          "Content-Type": "application/json",
        }),
        toOpenRouterForm: path === "/models" ? toModelList : (json) => json,
      };
    },
    readError: readPinataError,
  };
}

/** The first field, or value of a field, that OpenAI does not have, quoted for a message. */
function findForeignValue(params: Fields): string | undefined {
  const field = OPENROUTER_FIELDS.find((name) => (params[name] ?? null) !== null);
  if (field) return `"${field}"`;
  const { model, messages, modalities, tools, tool_choice, response_format } = params;
  if (OPENROUTER_MODEL.test(toWord(model))) return quote("model", model);
  const modality = toItems(modalities).map(toWord).find((name) => !MODALITIES.includes(name));
  if (modality !== undefined) return quote("modalities", modality);
  for (const [i, message] of toItems(messages).entries()) {
    for (const [j, type] of toItems(Object(message).content).map(readType).entries()) {
      if (type !== undefined && !PARTS.includes(type)) {
        return quote(`messages[${i}].content[${j}].type`, type);
      }
    }
  }
  for (const [i, type] of toItems(tools).map(readType).entries()) {
    if (type !== undefined && !TOOLS.includes(type)) return quote(`tools[${i}].type`, type);
  }
  const choice = readType(tool_choice);
  if (choice && !TOOL_CHOICES.includes(choice)) return quote("tool_choice.type", choice);
  const format = readType(response_format);
  if (format && !RESPONSE_FORMATS.includes(format)) return quote("response_format.type", format);
  return undefined;
}

function toItems(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The `type` of an object; undefined without one. */
function readType(value: unknown): string | undefined {
  const { type } = Object(value) as { type?: unknown };
  return type === undefined ? undefined : toWord(type);
}

function quote(field: string, value: unknown): string {
  return `"${field}" ${JSON.stringify(toWord(value).slice(0, 60))}`;
}

/** A value as text; `String` would throw for some objects. */
function toWord(value: unknown): string {
  return typeof value === "object" ? "object" : String(value);
}

/**
 * Adds the remaining balance to a 402, in which Pinata states it: to the message, and as a detail under
 * Pinata's name.
 */
function readPinataError(received: Received): ApiError | undefined {
  const failure = readError(received, PINATA);
  const balance = failure?.status === 402 ? findMicrocredits(parseBody(received.body)) : undefined;
  if (!failure || balance === undefined) return failure;
  const message = `${failure.message}; ${balance} microcredits are available`;
  const details = { availableMicrocredits: Number(balance) };
  return new ApiError(402, failure.code, message, { ...failure, details, cause: failure.cause });
}

/**
 * The balance in millionths of a credit. Pinata does not document whether it stands in the error
 * object or beside it.
 */
function findMicrocredits(body: unknown): string | undefined {
  const { error, availableMicrocredits: beside } = Object(body);
  const balance = Object(error).availableMicrocredits ?? beside;
  const isNumber = typeof balance === "number" ||
    typeof balance === "string" && /^-?\d+$/.test(balance);
  return isNumber ? String(balance) : undefined;
}

/** An entry of Pinata's list of models, which is a bare array. */
interface PinataModel {
  model_id: string;
  input_usd_per_1m_tokens?: unknown;
  output_usd_per_1m_tokens?: unknown;
  cache_read_usd_per_1m_tokens?: unknown;
}

/** The list of models in OpenRouter's form. Pinata states no abilities, and all its models write text. */
function toModelList(list: unknown): unknown {
  if (!Array.isArray(list)) return list;
  const models = (list as (PinataModel | null)[]).filter((model) => model?.model_id);
  const data = (models as PinataModel[]).map((model) => ({
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

/** A price as OpenRouter writes it: a decimal without an exponent; `-1` for an unknown price. */
function toUsdPerToken(perMillion: unknown): string {
  const usd = parseFloat(toWord(perMillion));
  if (!(usd >= 0 && usd < Infinity)) return "-1";
  return (usd / 1e6).toFixed(15).replace(/\.?0+$/, "");
}
