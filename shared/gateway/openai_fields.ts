/** Chat completions for gateways that know OpenAI's fields, and none of those OpenRouter adds. */
import { invalidInput } from "../errors.ts";
import { refusesMaxTokens } from "../policy/token_caps.ts";
import type { Fields } from "../fields.ts";

/** What OpenRouter alone understands; sampling parameters are passed on, whoever made them up. */
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

/**
 * Refuses what only OpenRouter has, and names the limit of tokens as OpenAI's newer models want it.
 *
 * @param setting by which the gateway was chosen, for messages.
 * @throws {ApiError} 400 `INVALID_INPUT` that names the field, and its value where that is to blame.
 */
export function requireOpenAIParams(params: Fields, setting: string): Fields {
  const found = findForeign(params);
  if (found) throw invalidInput(`${found} is not available with ${setting}`);
  const { max_tokens, ...rest } = params;
  if (!max_tokens || !refusesMaxTokens(params.model)) return params;
  return { ...rest, max_completion_tokens: rest.max_completion_tokens ?? max_tokens };
}

/** The first field, or value of a field, that is not OpenAI's. */
function findForeign(params: Fields): string | undefined {
  const field = OPENROUTER_FIELDS.find((name) => (params[name] ?? null) !== null);
  if (field) return `"${field}"`;
  const { model, messages, modalities, tools, tool_choice, response_format } = params;
  if (OPENROUTER_MODEL.test(toWord(model))) return quote("model", model);
  const modality = toList(modalities).map(toWord).find((name) => !MODALITIES.includes(name));
  if (modality !== undefined) return quote("modalities", modality);
  for (const [i, item] of toList(messages).entries()) {
    for (const [j, type] of toList(Object(item).content).map(toType).entries()) {
      if (type !== undefined && !PARTS.includes(type)) {
        return quote(`messages[${i}].content[${j}].type`, type);
      }
    }
  }
  const types = toList(tools).map(toType);
  const index = types.findIndex((type) => type !== undefined && !TOOLS.includes(type));
  if (index >= 0) return quote(`tools[${index}].type`, types[index]);
  const choice = toType(tool_choice);
  if (choice && !TOOL_CHOICES.includes(choice)) return quote("tool_choice.type", choice);
  const format = toType(response_format);
  if (format && !RESPONSE_FORMATS.includes(format)) return quote("response_format.type", format);
  return undefined;
}

function toList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** What an object says in `type`; nothing where it is no object or says nothing. */
function toType(value: unknown): string | undefined {
  const { type } = Object(value) as { type?: unknown };
  return type === undefined ? undefined : toWord(type);
}

function quote(field: string, value: unknown): string {
  return `"${field}" ${JSON.stringify(toWord(value).slice(0, 60))}`;
}

/** As text; not every object can be made one. */
function toWord(value: unknown): string {
  return typeof value === "object" ? "object" : String(value);
}
