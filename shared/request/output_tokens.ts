/**
 * Output limits: the fields that hold them, the limit that a request without one gets, and how several
 * choices share `MAX_OUTPUT_TOKENS`. The policy in `policy/token_caps.ts` rejects limits that are too
 * high.
 */
import { invalidInput } from "../errors.ts";
import type { Fields } from "../fields.ts";
import type { Settings } from "../settings.ts";

/** Output limit of a request that has none: without a limit, OpenRouter asks for a high balance. */
export const DEFAULT_OUTPUT_TOKENS = 4_096;

/**
 * What is added to the default for reasoning, by effort. OpenRouter lets a model reason with about 80 %
 * of the limit for a high effort and 50 % for a medium one; what a lower effort takes needs no addition.
 */
const REASONING_TOKENS = new Map<unknown, number>([
  ["max", 12_288],
  ["xhigh", 12_288],
  ["high", 12_288],
  ["medium", 4_096],
  ["low", 0],
  ["minimal", 0],
  ["none", 0],
]);
/** The same when the effort is not known. */
const USUAL_REASONING_TOKENS = 4_096;
/** Models that reason unless the request forbids it. A model that is missing gets the plain default. */
const REASONING_MODEL =
  /(^|\/)(gpt-5|o\d|gemini-(2\.5-pro|[3-9])|grok-4|deepseek-r\d)|thinking|reason/;

/** The objects and their fields in which OpenRouter's and Anthropic's APIs take a reasoning budget. */
const BUDGETS = [["reasoning", "max_tokens"], ["thinking", "budget_tokens"]] as const;

/** The fields in which OpenRouter's APIs take an output limit. */
export const OUTPUT_LIMITS = ["max_tokens", "max_completion_tokens", "max_output_tokens"] as const;

/** Whether a model is one of OpenAI's that reject `max_tokens` and take `max_completion_tokens`. */
export function refusesMaxTokens(model: unknown): boolean {
  return typeof model === "string" && /^(openai\/)?(gpt-5|o\d)/.test(model);
}

/**
 * The number of choices that a request asks for with `n` or `best_of`. All of them count towards
 * `MAX_OUTPUT_TOKENS`.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` when one of the two is not a positive integer.
 */
export function countChoices(fields: Fields): number {
  if (fields.n === undefined && fields.best_of === undefined) return 1;
  return Math.max(...["n", "best_of"].map((name) => {
    const count = toNumber(fields[name] ?? 1);
    if (Number.isInteger(count) && count >= 1) return count;
    throw invalidInput(`"${name}" must be a whole number, 1 or more`);
  }));
}

/**
 * The highest output limit of a request.
 *
 * @param fields the request, or the options of a tool that asks a model.
 * @returns undefined when there is no limit; NaN when a limit is not a number.
 */
export function readOutputLimit(fields: Fields): number | undefined {
  const limits = OUTPUT_LIMITS.map((name) => fields[name] ?? null).filter((one) => one !== null);
  return limits.length > 0 ? Math.max(...limits.map(toNumber)) : undefined;
}

/** What decides the output limit of a request. */
export interface LimitOptions {
  /** For `MAX_OUTPUT_TOKENS`. */
  settings: Settings;
  /** The limit when the request has none, at most `MAX_OUTPUT_TOKENS`; 4096 tokens unless given. */
  fallback?: number;
  /** Lowers limits above `MAX_OUTPUT_TOKENS`. Otherwise they stay, and the policy rejects them. */
  lowersLimits?: boolean;
}

/**
 * Gives a request exactly one output limit: its own, or a default that leaves room for reasoning and
 * stays within `MAX_OUTPUT_TOKENS`.
 *
 * @param path the operation, such as `/chat/completions`; it decides the name of the field.
 * @param fields the request body; it is not changed.
 * @returns a copy with one output limit, in the field that the operation and the model take.
 * @throws {ApiError} 400 `INVALID_INPUT` when two fields hold different limits, and when the reasoning
 *   budget leaves no tokens for the answer within `MAX_OUTPUT_TOKENS`.
 */
export function withOutputLimit(
  path: string,
  fields: Fields,
  { settings, fallback = DEFAULT_OUTPUT_TOKENS, lowersLimits = false }: LimitOptions,
): Fields {
  const { max_tokens: _, max_completion_tokens, max_output_tokens: _1, ...rest } = fields;
  const given = requireOneLimit(fields);
  const name = toLimitField(path, { ...rest, max_completion_tokens });
  const share = shareOutputTokens(settings, countChoices(fields));
  if (given !== undefined && !(lowersLimits && toNumber(given) > share)) {
    return { ...rest, [name]: given };
  }
  const limit = given === undefined
    ? Math.min(share, fallback + countReasoningTokens(fields))
    : share;
  return { ...withBudgetBelow(limit, rest, { settings, lowersLimits }), [name]: limit };
}

/** The output limit of a request, which several fields may hold. */
function requireOneLimit(fields: Fields): unknown {
  const [used, ...others] = OUTPUT_LIMITS.filter((name) => (fields[name] ?? null) !== null);
  const given = used && fields[used];
  const other = others.find((name) => fields[name] !== given);
  if (other) throw invalidInput(`"${used}" and "${other}" must be equal, or one of them left out`);
  return given;
}

/** Tokens that a model is expected to spend on reasoning, which count towards the output limit. */
function countReasoningTokens(fields: Fields): number {
  const budget = findBudget(fields);
  if (budget) return budget.tokens;
  const reasoning: Fields = Object(fields.reasoning);
  const byEffort = REASONING_TOKENS.get(reasoning.effort ?? fields.reasoning_effort);
  if (byEffort !== undefined) return byEffort;
  const reasons = reasoning.enabled ?? REASONING_MODEL.test(firstModel(fields));
  return reasons ? USUAL_REASONING_TOKENS : 0;
}

/** A reasoning budget must be lower than the limit, or providers reject the request. */
function withBudgetBelow(
  limit: number,
  fields: Fields,
  { settings, lowersLimits }: Pick<LimitOptions, "settings" | "lowersLimits">,
): Fields {
  const budget = findBudget(fields);
  if (!budget || budget.tokens < limit) return fields;
  const { group, name, tokens } = budget;
  if (lowersLimits) {
    const answerTokens = Math.min(DEFAULT_OUTPUT_TOKENS, Math.ceil(limit / 2));
    return { ...fields, [group]: { ...Object(fields[group]), [name]: limit - answerTokens } };
  }
  if (tokens > settings.MAX_OUTPUT_TOKENS) return fields; // rejected by the policy
  const message = `must be less than ${limit}, so that tokens are left for the answer`;
  throw invalidInput(`"${group}.${name}" ${message}`);
}

function findBudget(fields: Fields) {
  for (const [group, name] of BUDGETS) {
    const tokens = toNumber(Object(fields[group])[name] ?? null);
    if (tokens > 0 && tokens < Infinity) return { group, name, tokens };
  }
}

/** The field in which an operation and a model take the output limit. */
export function toLimitField(path: string, fields: Fields): string {
  if (path === "/responses") return "max_output_tokens";
  if (path === "/messages") return "max_tokens";
  const isNewer = (fields.max_completion_tokens ?? null) !== null;
  return isNewer || refusesMaxTokens(firstModel(fields)) ? "max_completion_tokens" : "max_tokens";
}

function firstModel({ model, models }: Fields): string {
  const first = model ?? (Array.isArray(models) ? models[0] : undefined);
  return typeof first === "string" ? first : "";
}

/** How many tokens each of several choices may have, so that all of them keep to the limit. */
export function shareOutputTokens({ MAX_OUTPUT_TOKENS }: Settings, choices: number): number {
  return Math.max(1, Math.floor(MAX_OUTPUT_TOKENS / choices));
}

/** Reads a JSON value as a number; NaN for objects: `Number({"toString":1})` would throw. */
export function toNumber(value: unknown): number {
  return typeof value === "object" ? NaN : Number(value);
}
