/** How much a model may write: never more than `MAX_OUTPUT_TOKENS`, whatever a request calls it. */
import { invalidInput } from "../errors.ts";
import { DEFAULT_MAX_OUTPUT_TOKENS, type Settings } from "../settings.ts";
import type { Fields } from "../fields.ts";

/** The names under which a request may limit its tokens. */
export const TOKEN_LIMITS = ["max_tokens", "max_completion_tokens", "max_output_tokens"];

/** Whether a model is one of OpenAI's that refuse `max_tokens`, and know `max_completion_tokens` only. */
export function refusesMaxTokens(model: unknown): boolean {
  return typeof model === "string" && /^(openai\/)?(gpt-5|o\d)/.test(model);
}

/**
 * Holds a request's limits of tokens, that of reasoning included, to `MAX_OUTPUT_TOKENS`. Several
 * answers at once (`n`) share it.
 *
 * @returns the params; with a limit where a completion had none and the project's is lower than the
 *   one every project has.
 * @throws {ApiError} 400 `INVALID_INPUT` that names the field.
 */
export function applyOutputCap(path: string, params: Fields, settings: Settings): Fields {
  const cap = settings.MAX_OUTPUT_TOKENS;
  const answers = Math.max(
    requireChoiceCount("n", params.n),
    requireChoiceCount("best_of", params.best_of),
  );
  requireTokens(params, { cap, answers });
  requireTokens(params.reasoning, { cap, within: "reasoning" });
  const isLimited = TOKEN_LIMITS.some((name) => (params[name] ?? null) !== null);
  // The old proxy's images come without one, and stay so for whom it was never lowered.
  if (isLimited || path !== "/chat/completions" || cap >= DEFAULT_MAX_OUTPUT_TOKENS) return params;
  const [model] = [params.model ?? params.models].flat();
  const name = refusesMaxTokens(model) ? "max_completion_tokens" : "max_tokens";
  return { ...params, [name]: Math.max(1, Math.floor(cap / answers)) };
}

/**
 * Refuses limits of tokens above a cap.
 *
 * @param fields an object that may hold some, at any of their names; what is none has none.
 * @param options.within where the object stands, for the message.
 * @param options.answers how many answers a limit counts for.
 * @throws {ApiError} 400 `INVALID_INPUT` that names the field.
 */
export function requireTokens(
  fields: unknown,
  { cap, within, answers = 1 }: { cap: number; within?: string; answers?: number },
): void {
  for (const name of TOKEN_LIMITS) {
    const tokens = Object(fields)[name] ?? null;
    if (tokens === null || toNumber(tokens) * answers <= cap) continue;
    const most = `must be ${Math.floor(cap / answers)} or less`;
    const reason = answers > 1 ? `, as all ${answers} answers share ${cap}` : "";
    throw invalidInput(`"${within ? `${within}.${name}` : name}" ${most}${reason}`);
  }
}

function requireChoiceCount(name: string, value: unknown): number {
  const count = toNumber(value ?? 1);
  if (Number.isInteger(count) && count >= 1) return count;
  throw invalidInput(`"${name}" must be a whole number, 1 or more`);
}

/** Whatever is sent, and not every object can be made a number, or even a text. */
function toNumber(value: unknown): number {
  return typeof value === "object" ? NaN : Number(value);
}
