/** The policy for output limits: none above `MAX_OUTPUT_TOKENS`. */
import { invalidInput } from "../errors.ts";
import type { Fields } from "../fields.ts";
import {
  countChoices,
  OUTPUT_LIMITS,
  readOutputLimit,
  shareOutputTokens,
  toLimitField,
  toNumber,
} from "../request/output_tokens.ts";
import { DEFAULT_MAX_OUTPUT_TOKENS, type Settings } from "../settings.ts";

/**
 * Rejects output limits above `MAX_OUTPUT_TOKENS`, including the one for reasoning. Several choices
 * (`n`) share the maximum.
 *
 * @param path the operation, such as `/chat/completions`.
 * @returns the request; a chat completion without a limit gets one when `MAX_OUTPUT_TOKENS` is set
 *   lower than its default.
 * @throws {ApiError} 400 `INVALID_INPUT` that names the field.
 */
export function applyOutputCap(path: string, fields: Fields, settings: Settings): Fields {
  const cap = settings.MAX_OUTPUT_TOKENS;
  const choices = countChoices(fields);
  requireWithinCap(fields, { cap, choices });
  if (fields.reasoning) requireWithinCap(Object(fields.reasoning), { cap, path: "reasoning" });
  const { budget_tokens } = Object(fields.thinking) as Fields;
  if ((budget_tokens ?? null) !== null && !((budget_tokens as number) <= cap)) {
    throw invalidInput(`"thinking.budget_tokens" must be ${cap} or less`);
  }
  // Without a limit, images of the deprecated AI proxy must be requested as they always were.
  const needsLimit = path === "/chat/completions" && cap < DEFAULT_MAX_OUTPUT_TOKENS;
  if (!needsLimit || readOutputLimit(fields) !== undefined) return fields;
  return { ...fields, [toLimitField(path, fields)]: shareOutputTokens(settings, choices) };
}

/**
 * Rejects output limits above a maximum.
 *
 * @param fields a request or the options of a tool.
 * @param options.cap the maximum, in tokens.
 * @param options.choices how many choices share the maximum.
 * @param options.path where `fields` stand in the request, for the message.
 * @throws {ApiError} 400 `INVALID_INPUT` that names the field.
 */
export function requireWithinCap(
  fields: Fields,
  { cap, choices = 1, path }: { cap: number; choices?: number; path?: string },
): void {
  for (const name of OUTPUT_LIMITS) {
    if ((fields[name] ?? null) === null) continue;
    if (toNumber(fields[name]) * choices <= cap) continue;
    const reason = choices > 1 ? `, because ${choices} choices share ${cap}` : "";
    throw invalidInput(
      `"${path ? `${path}.${name}` : name}" must be ${Math.floor(cap / choices)} or less${reason}`,
    );
  }
}
