/** Bounds for the options of server tools that are billed by the search. */
import { invalidInput } from "../errors.ts";
import type { Fields } from "../fields.ts";

/** The highest values of a web search's options. */
const SEARCH_LIMITS = { max_results: 25, max_total_results: 50, max_uses: 10 };
/** The options of a web search whose request has none. */
const SEARCH_DEFAULTS = { max_results: 5, max_total_results: 10 };
/** The same for OpenAI's form of the tool, which has no total. */
const OPENAI_SEARCH_DEFAULTS = { max_results: 5, max_uses: 2 };
/** The same for Anthropic's form of the tool, whose type ends in a date and which has no results. */
const ANTHROPIC_SEARCH_DEFAULTS = { max_uses: 2 };

/** The defaults for a web search tool of a type, such as `openrouter:web_search`. */
export function toSearchDefaults(type: string): Fields {
  if (type === "openrouter:web_search") return SEARCH_DEFAULTS;
  return /_\d{8}$/.test(type) ? ANTHROPIC_SEARCH_DEFAULTS : OPENAI_SEARCH_DEFAULTS;
}

/**
 * Rejects a web search with too many results or searches.
 *
 * @param path where `options` stand in the request, for the message.
 * @throws {ApiError} 400 `INVALID_INPUT` that names the field.
 */
export function requireSearchLimits(options: Fields, path: string): void {
  for (const [name, most] of Object.entries(SEARCH_LIMITS)) {
    const value = options[name] ?? 1;
    if (typeof value === "number" && value >= 1 && value <= most) continue;
    throw invalidInput(`"${path}.${name}" must be a number from 1 to ${most}`);
  }
}
