/** Which models a request may use, and at which price: one policy, the same for every function. */
import { describe, isOpen, matches } from "./allow_list.ts";
import { ApiError, invalidInput } from "../errors.ts";
import { chooseGateway } from "../gateway/gateway.ts";
import { applyOutputCap } from "./token_caps.ts";
import type { Settings } from "../settings.ts";
import { applyToolPolicy, bringsTools, requireWebSearch } from "./tools.ts";
import { type Fields, toFields } from "../fields.ts";

/** The settings that name models, for requests that do not. */
const DEFAULT_MODELS = [
  "OPENROUTER_CHAT_MODEL",
  "OPENROUTER_EMBEDDING_MODEL",
  "OPENROUTER_IMAGE_MODEL",
] as const;
/** Fields that choose models, at any depth. Some servers do not tell capital letters from small ones. */
const CHOOSES = /(^|_)models?$|^preset$/iu;
/** Fields that hold what a model reads or writes, or what nobody acts upon. */
const CONTENT =
  /^(messages|instructions|query|documents|prediction|response_format|text|metadata|trace)$/;
/** OpenRouter's names that stand for any model, and the plugins that narrow them down. */
const ROUTERS: Record<string, string> = {
  "openrouter/auto": "auto-router",
  "openrouter/auto-beta": "auto-beta-router",
};
/** A decimal without a sign, to be read in one way only: what strangers send is tried in no other. */
const AMOUNT = /^(\d+(\.\d+)?|\.\d+)$/;
/** Paths whose `provider` takes a `max_price`. */
const PRICED_PATHS = ["/chat/completions", "/responses", "/embeddings"];

/**
 * Makes a request keep to the project's policy: `ALLOWED_MODELS`, `ALLOWED_SERVER_TOOLS`,
 * `ALLOWED_PLUGINS`, `MAX_OUTPUT_TOKENS`, and the price ceilings as `provider.max_price`. It holds for
 * every model that is named anywhere in the request, and for what chooses models by itself.
 *
 * @param path the operation, such as `/chat/completions`.
 * @param params the body; it is not changed.
 * @returns the body to send, the same one where nothing has to be added.
 * @throws {ApiError} 400 `AI_INVALID_MODEL` for a model that is not allowed, 400 `INVALID_INPUT` for
 *   anything else that is not; both name the field and say what is. 500 `INTERNAL_ERROR` when the
 *   project's own default model is not allowed.
 */
export function applyModelPolicy(path: string, params: Fields, settings: Settings): Fields {
  params = withChatModel(path, params, settings);
  requireSomeModel(params);
  const { ALLOWED_MODELS, ALLOWED_SERVER_TOOLS, ALLOWED_PLUGINS } = settings;
  if (![ALLOWED_MODELS, ALLOWED_SERVER_TOOLS, ALLOWED_PLUGINS].every(isOpen)) {
    for (const choice of findChoices(params)) requireAllowed(choice, settings);
  }
  const checked = applyToolPolicy(applyOutputCap(path, params, settings), settings);
  const kept = isOpen(ALLOWED_MODELS) ? checked : keepToList(checked, ALLOWED_MODELS);
  return applyPriceCeiling(path, kept, settings);
}

/**
 * Whether `ALLOWED_MODELS` allows a model of this name. A variant (`:free`) is part of the name. A `*`
 * stands for any text but `~` and `@`, which mark names of changing models, and for none of
 * OpenRouter's routers (`openrouter/…`), unless the entry spells these out.
 */
export function isAllowedModel(name: string, allowed: readonly string[]): boolean {
  if (isOpen(allowed) || allowed.includes(name)) return true;
  // Who knows what a gateway makes of a name that is not plain: no pattern matches it.
  if (!/^[\w.~@/*+-]+(:[\w.*-]+)?(@[\w/.*-]+)?$/.test(name) || name.includes("..")) return false;
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

/** The paths whose model may be left out: it is then `OPENROUTER_CHAT_MODEL`, or the gateway's. */
const CHAT_PATHS = ["/chat/completions", "/responses"];

function withChatModel(path: string, params: Fields, settings: Settings): Fields {
  if (!CHAT_PATHS.includes(path)) return params;
  if ((params.model ?? params.models ?? null) !== null) return params;
  return { ...params, model: toChatModel(settings) };
}

function toChatModel(settings: Settings): string {
  return settings.OPENROUTER_CHAT_MODEL ?? chooseGateway(settings).chatModel;
}

/** Without a model in the request, OpenRouter would use the default of the account. */
function requireSomeModel({ model, models }: Fields): void {
  if (typeof model === "string" && model || Array.isArray(models) && models.length > 0) return;
  throw invalidModel(`"${models === undefined ? "model" : "models"}" must name a model`);
}

/** What a field of a request chooses. */
interface Choice {
  field: string;
  /** The name of a model, if the request is in order. */
  name: unknown;
}

/** Finds what chooses models, at any depth; `name` is that of the field `value` is, or is listed, in. */
function* findChoices(value: unknown, path = "", name = ""): Generator<Choice> {
  if (typeof value !== "object" || value === null) return;
  if (name === "tools" && isCallersTool(value)) return;
  for (const [key, child] of Object.entries(value)) {
    const isItem = Array.isArray(value);
    const field = isItem ? `${path}[${key}]` : path ? `${path}.${key}` : key;
    if (path === "input" && bringsTools(child)) {
      yield* findChoices(child.tools, `${field}.tools`, "tools");
    }
    if (!path && CONTENT.test(key) || path === "input" || key === "excluded_models") continue;
    if (isItem || !CHOOSES.test(key)) yield* findChoices(child, field, isItem ? name : key);
    else if (Array.isArray(child)) {
      yield* child.map((name, i) => ({ field: `${field}[${i}]`, name: toModelName(key, name) }));
    } else if (child) yield { field, name: toModelName(key, child) };
  }
}

function toModelName(key: string, value: unknown): unknown {
  return typeof value === "string" && /preset/i.test(key) ? `@preset/${value}` : value;
}

/** A function that the caller runs: its schema may name fields as it likes. */
function isCallersTool({ type }: { type?: unknown }): boolean {
  return type === "function" || type === "custom";
}

function requireAllowed({ field, name }: Choice, settings: Settings): void {
  const allowed = settings.ALLOWED_MODELS;
  if (typeof name !== "string") throw invalidModel(`"${field}" must be the name of a model`);
  // Names that mean a search of the web.
  if (/:online\b/i.test(name)) requireWebSearch(field, settings, { byPlugin: true });
  if (/^openrouter\/fusion\b/.test(name)) requireWebSearch(field, settings, { byPlugin: false });
  if (isOpen(allowed)) return;
  if (isAllowedModel(name, allowed)) return requireTold({ field, name }, allowed);
  const setting = field === "model" &&
    DEFAULT_MODELS.find((setting) => toDefaultModel(setting, settings) === name);
  if (!setting) throw invalidModel(`"${field}" must be an allowed model: ${describe(allowed)}`);
  const message = `The setting ${setting} must name a model that ALLOWED_MODELS allows`;
  throw new ApiError(500, "INTERNAL_ERROR", message);
}

function toDefaultModel(setting: typeof DEFAULT_MODELS[number], settings: Settings): string {
  return setting === "OPENROUTER_CHAT_MODEL" ? toChatModel(settings) : settings[setting];
}

/** Refuses a router where nothing narrows it down, as inside a tool, though something should. */
function requireTold(
  { field, name }: { field: string; name: string },
  allowed: readonly string[],
): void {
  if (!ROUTERS[name.split(":")[0]] || /^(model|models\[\d+\])$/.test(field)) return;
  if (listChoosable(allowed).length === 0) return;
  throw invalidModel(`"${field}" must name a model: what "${name}" chooses there cannot be told`);
}

/** The entries that a router may be told to choose among. */
function listChoosable(allowed: readonly string[]): string[] {
  return allowed.filter((entry) => !isRouter(entry) && !/[~@]/.test(entry));
}

/** Refuses what may choose models without naming them, and narrows down the routers that are allowed. */
function keepToList(params: Fields, allowed: readonly string[]): Fields {
  if ((params.route ?? null) !== null) {
    throw invalidModel(
      '"route" must be left out, as it may choose a model; "models" are fallbacks',
    );
  }
  if (typeof params.prompt === "object" && params.prompt) {
    throw invalidModel('"prompt" must be text, as a stored one may choose a model');
  }
  const allowed_models = listChoosable(allowed);
  const names = [params.model, params.models].flat().map((name) => String(name).split(":")[0]);
  const plugins = [params.plugins ?? []].flat() as Fields[];
  const missing = Object.entries(ROUTERS).filter(([router, id]) =>
    names.includes(router) && !plugins.some((plugin) => plugin?.id === id)
  );
  if (missing.length === 0 || allowed_models.length === 0) return params;
  return { ...params, plugins: [...plugins, ...missing.map(([, id]) => ({ id, allowed_models }))] };
}

/** Hands the ceilings to OpenRouter; a caller's own, lower ones stay. */
function applyPriceCeiling(path: string, params: Fields, settings: Settings): Fields {
  const ceilings = {
    prompt: settings.MAX_PROMPT_USD_PER_MILLION,
    completion: settings.MAX_COMPLETION_USD_PER_MILLION,
  };
  if (ceilings.prompt === undefined && ceilings.completion === undefined) return params;
  requireUsualSpeed(params);
  if (!PRICED_PATHS.includes(path) || !chooseGateway(settings).supports("provider")) return params;
  const provider = toFields(params.provider, "provider");
  const max_price = { ...toFields(provider.max_price, "provider.max_price") };
  for (const [kind, ceiling] of Object.entries(ceilings)) {
    if (ceiling === undefined) continue;
    const own = max_price[kind] ?? ceiling;
    if (typeof own === "object" || !AMOUNT.test(String(own))) {
      throw invalidInput(`"provider.max_price.${kind}" must be USD per million tokens`);
    }
    max_price[kind] = String(Math.min(Number(own), ceiling));
  }
  return { ...params, provider: { ...provider, max_price } };
}

/** To be served faster costs a multiple of the price that a ceiling is compared with. */
function requireUsualSpeed({ service_tier, speed }: Fields): void {
  if (!["auto", "default", "flex"].includes((service_tier ?? "auto") as string)) {
    throw invalidInput('"service_tier" must be "auto", "default" or "flex"');
  }
  if ((speed ?? "standard") !== "standard") throw invalidInput('"speed" must be "standard"');
}

function invalidModel(message: string): ApiError {
  return new ApiError(400, "AI_INVALID_MODEL", message);
}
