/**
 * Output limits: the fields that hold them, the limit that a request without one gets, and how several
 * choices share `MAX_OUTPUT_TOKENS`. The policy in `policy/token_caps.ts` rejects limits that are too
 * high.
 */
import * as z from "zod/mini";
import { invalidInput } from "../errors.ts";
import type { Fields } from "../fields.ts";
import type { Settings } from "../settings.ts";

/** Output limit of a request that has none: without a limit, OpenRouter asks for a high balance. */
export const DEFAULT_OUTPUT_TOKENS = 4_096;

/** The fields in which OpenRouter's APIs take an output limit. */
export const OUTPUT_LIMITS = ["max_tokens", "max_completion_tokens", "max_output_tokens"] as const;

/** Schemas of the two fields in which a chat completion takes its output limit. */
export const outputLimits = {
  /** At most `MAX_OUTPUT_TOKENS`. */
  max_tokens: z.nullish(z.int().check(z.gte(1))),
  /** The newer name of `max_tokens`. */
  max_completion_tokens: z.nullish(z.int().check(z.gte(1))),
};

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
  settings: Settings;
  /** The limit when the request has none, at most `MAX_OUTPUT_TOKENS`; 4096 tokens unless given. */
  fallback?: number;
}

/**
 * Gives a request exactly one output limit: its own, or a default that stays within
 * `MAX_OUTPUT_TOKENS`. A limit of the caller's stays as it is; the policy rejects one that is too high.
 *
 * @param path the operation, such as `/chat/completions`; it decides the name of the field.
 * @param fields the request body; it is not changed.
 * @returns a copy with one output limit, in the field that the operation and the model take.
 * @throws {ApiError} 400 `INVALID_INPUT` when two fields hold different limits.
 */
export function withOutputLimit(
  path: string,
  fields: Fields,
  { settings, fallback = DEFAULT_OUTPUT_TOKENS }: LimitOptions,
): Fields {
  const { max_tokens: _, max_completion_tokens, max_output_tokens: _1, ...rest } = fields;
  const [used, ...others] = OUTPUT_LIMITS.filter((name) => (fields[name] ?? null) !== null);
  const given = used && fields[used];
  const other = others.find((name) => fields[name] !== given);
  if (other) throw invalidInput(`"${used}" and "${other}" must be equal, or one of them left out`);
  const share = shareOutputTokens(settings, countChoices(fields));
  const name = toLimitField(path, { ...rest, max_completion_tokens });
  return { ...rest, [name]: given ?? Math.min(fallback, share) };
}

/** The field in which an operation and a model take the output limit. */
export function toLimitField(path: string, fields: Fields): string {
  if (path === "/responses") return "max_output_tokens";
  const { model, models, max_completion_tokens } = fields;
  const first = model ?? (Array.isArray(models) ? models[0] : undefined);
  const isNewer = (max_completion_tokens ?? null) !== null || refusesMaxTokens(first);
  return isNewer ? "max_completion_tokens" : "max_tokens";
}

/** How many tokens each of several choices may have, so that all of them keep to the limit. */
export function shareOutputTokens({ MAX_OUTPUT_TOKENS }: Settings, choices: number): number {
  return Math.max(1, Math.floor(MAX_OUTPUT_TOKENS / choices));
}

/** A JSON value as a number; NaN for objects, of which some cannot even be converted to text. */
function toNumber(value: unknown): number {
  return typeof value === "object" ? NaN : Number(value);
}
