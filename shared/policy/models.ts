/** The policy for models: which ones a request may use (`ALLOWED_MODELS`). */
import { ApiError } from "../errors.ts";
import type { Fields } from "../fields.ts";
import { chooseGateway } from "../gateway/gateway.ts";
import { PAYERS_DEFAULT } from "../request/chat_request.ts";
import type { Settings } from "../settings.ts";
import { isOpen, matches, toListText } from "./allow_list.ts";
import { bringsTools, isCallerTool, requireSearchByModel } from "./tools.ts";

/** The settings with the default models, for requests that do not name a model. */
const DEFAULT_MODELS = [
  "OPENROUTER_CHAT_MODEL",
  "OPENROUTER_EMBEDDING_MODEL",
  "OPENROUTER_IMAGE_MODEL",
  "OPENROUTER_RERANK_MODEL",
  "OPENROUTER_SPEECH_MODEL",
  "OPENROUTER_TRANSCRIPTION_MODEL",
  "OPENROUTER_VIDEO_MODEL",
] as const;
/** Operations that use the default chat model when the request names no model. */
const CHAT_PATHS = new Set(["/chat/completions", "/completions", "/messages", "/responses"]);
/** Fields that choose a model, at any depth. Some servers ignore the case of a field name. */
const MODEL_FIELD = /(^|_)models?$|^preset$/i;
/** Top-level fields that only hold text for or from a model, tools of the caller, or labels. */
const CONTENT_FIELDS = new Set([
  "messages",
  "system",
  "instructions",
  "query",
  "documents",
  "prediction",
  "response_format",
  "text",
  "functions",
  "function_call",
  "metadata",
  "trace",
]);
/** Fallback models of one request. The ledger looks up the price of each. */
const MAX_MODELS = 100;
const MAX_PATH_CHARS = 200;
/** A name that gateways can read in only one way. No pattern matches any other name. */
const PLAIN_NAME = /^[\w.~@/*+-]+(:[\w.*-]+)?(@[\w/.*-]+)?$/;

/**
 * Adds the default model to a chat that names no model. Other requests without a model are rejected:
 * the account's default model would answer, and the policy cannot know which one that is.
 *
 * @param path the operation, such as `/chat/completions`.
 * @throws {ApiError} 400 `AI_INVALID_MODEL` that names the field; also for more than 100 models.
 */
export function withModel(path: string, fields: Fields, settings: Settings): Fields {
  const { model, models } = fields;
  if (Array.isArray(models) && models.length > MAX_MODELS) {
    throw invalidModel(`"models" must have at most ${MAX_MODELS} models`);
  }
  if (typeof model === "string" && model || Array.isArray(models) && models.length > 0) {
    return fields;
  }
  if (CHAT_PATHS.has(path) && (model ?? models ?? null) === null) {
    return withDefaultModel(fields, settings);
  }
  throw invalidModel(`"${(models ?? null) === null ? "model" : "models"}" must name a model`);
}

function withDefaultModel(fields: Fields, settings: Settings): Fields {
  if (settings.OPENROUTER_CHAT_MODEL !== PAYERS_DEFAULT) {
    return { ...fields, model: toChatModel(settings) };
  }
  if (isOpen(settings.ALLOWED_MODELS)) return { ...fields, model: undefined, models: undefined };
  const message =
    "The setting OPENROUTER_CHAT_MODEL must name a model when ALLOWED_MODELS is set, " +
    'because the model behind "default" is not known';
  throw new ApiError(500, "INTERNAL_ERROR", message);
}

function toChatModel(settings: Settings): string {
  return settings.OPENROUTER_CHAT_MODEL ?? chooseGateway(settings).chatModel;
}

/**
 * Rejects a request that names a model outside `ALLOWED_MODELS` in any field at any depth, or that
 * leaves the choice to a stored prompt or a route. Models that mean a web search need that tool.
 *
 * The time is linear in the size of the request.
 *
 * @throws {ApiError} 400 `AI_INVALID_MODEL` or `INVALID_INPUT` that names the field; 500
 *   `INTERNAL_ERROR` when it is a default model of the settings that is not allowed.
 */
export function requireAllowedModels(fields: Fields, settings: Settings): void {
  if (!isOpen(settings.ALLOWED_MODELS)) {
    if ((fields.route ?? null) !== null) {
      throw invalidModel('"route" is not available; list fallback models in "models"');
    }
    if (typeof fields.prompt === "object" && fields.prompt) {
      throw invalidModel('"prompt" must be a text; stored prompts are not available');
    }
  }
  for (const [name, value] of Object.entries(fields)) {
    const place = { name };
    if (name === "input") checkInput(value, place, settings);
    else if (!CONTENT_FIELDS.has(name)) checkField(name, value, { place, settings });
  }
}

/**
 * Whether `ALLOWED_MODELS` allows a model. A variant (`:free`) is part of the name.
 *
 * `*` stands neither for `~` and `@`, which mark names whose model changes, nor for OpenRouter's
 * routers (`openrouter/…`), which choose a model themselves; an entry must spell these out.
 */
export function isAllowedModel(name: string, allowed: readonly string[]): boolean {
  if (isOpen(allowed) || allowed.includes(name)) return true;
  if (!PLAIN_NAME.test(name) || name.includes("..")) return false;
  return allowed.some((entry) =>
    toSigns(entry) === toSigns(name) && isRouter(entry) === isRouter(name) && matches(entry, name)
  );
}

function toSigns(name: string): string {
  return name.replace(/[^~@]/g, "");
}

function isRouter(name: string): boolean {
  return name.startsWith("openrouter/");
}

/** Where a value stands in the request. Linked, because a text for each value costs too much. */
interface Place {
  /** A field name, or an index such as `[0]`. */
  name: string;
  parent?: Place;
}

interface Context {
  place: Place;
  settings: Settings;
}

/** Items of a conversation are content, except for the tools that some bring along. */
function checkInput(input: unknown, place: Place, settings: Settings): void {
  if (typeof input !== "object") return;
  for (const [i, item] of (Array.isArray(input) ? input : [input]).entries()) {
    if (!bringsTools(item)) continue;
    const parent = { name: `[${i}]`, parent: place };
    checkField("tools", item.tools, { place: { name: "tools", parent }, settings });
  }
}

function checkField(name: string, value: unknown, context: Context): void {
  if (name === "excluded_models") return;
  if (!MODEL_FIELD.test(name)) return checkValue(name, value, context);
  if (!Array.isArray(value)) {
    if (value) requireAllowed(toModelName(name, value), context);
    return;
  }
  value.forEach((item, i) => {
    requireAllowed(toModelName(name, item), toChild(context, `[${i}]`));
  });
}

/** @param field the name of the field that holds the value, or holds the list that holds it. */
function checkValue(field: string, value: unknown, context: Context): void {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    value.forEach((item, i) => {
      if (typeof item === "object") checkValue(field, item, toChild(context, `[${i}]`));
    });
  } else if (field !== "tools" || !isCallerTool(value)) {
    for (const [name, child] of Object.entries(value)) {
      checkField(name, child, toChild(context, name));
    }
  }
}

function toChild({ place, settings }: Context, name: string): Context {
  return { place: { name, parent: place }, settings };
}

function toModelName(field: string, value: unknown): unknown {
  return typeof value === "string" && /preset/i.test(field) ? `@preset/${value}` : value;
}

function requireAllowed(name: unknown, { place, settings }: Context): void {
  if (typeof name !== "string") {
    throw invalidModel(`"${toPath(place)}" must be the name of a model`);
  }
  requireSearchByModel(name, () => toPath(place), settings);
  if (isAllowedModel(name, settings.ALLOWED_MODELS)) return;
  const field = toPath(place);
  const setting = field === "model" &&
    DEFAULT_MODELS.find((setting) => toDefaultModel(setting, settings) === name);
  if (!setting) {
    throw invalidModel(
      `"${field}" must be an allowed model: ${toListText(settings.ALLOWED_MODELS)}`,
    );
  }
  const message = `The setting ${setting} must name a model that ALLOWED_MODELS allows`;
  throw new ApiError(500, "INTERNAL_ERROR", message);
}

function toDefaultModel(setting: typeof DEFAULT_MODELS[number], settings: Settings): string {
  return setting === "OPENROUTER_CHAT_MODEL" ? toChatModel(settings) : settings[setting];
}

/** The place as a text for a message, cut because names of fields may be long. */
function toPath({ name, parent }: Place): string {
  if (!parent) return name.slice(0, MAX_PATH_CHARS);
  const path = toPath(parent) + (name.startsWith("[") ? name : `.${name}`);
  return path.slice(0, MAX_PATH_CHARS);
}

function invalidModel(message: string): ApiError {
  return new ApiError(400, "AI_INVALID_MODEL", message);
}
