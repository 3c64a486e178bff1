/** Bounds for what server tools are billed by: searches, and the steps in which a model calls tools. */
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

/** The most steps; OpenRouter's own maximum for `max_tool_calls`, and its default. */
const MAX_STEPS = 30;

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

/**
 * Bounds the steps in which a model calls server tools, each of which is billed like a request of its
 * own. OpenRouter stops at the first condition of `stop_server_tools_when`, and then ignores
 * `max_tool_calls`. Without both it stops after 30 steps.
 *
 * @param fields a request, or the options of a tool or plugin; not changed.
 * @param path where the options of a tool stand in the request, for the message.
 * @returns the fields, with a step count among the conditions.
 * @throws {ApiError} 400 `INVALID_INPUT` that names the field.
 */
export function boundSteps(fields: Fields, path?: string): Fields {
  const { max_tool_calls, stop_server_tools_when: stops } = fields;
  const prefix = path ? `${path}.` : "";
  if ((max_tool_calls ?? null) !== null) requireSteps(max_tool_calls, `${prefix}max_tool_calls`);
  if ((stops ?? null) === null) return fields;
  const bounded = boundStops(stops, `${prefix}stop_server_tools_when`);
  return bounded === stops ? fields : { ...fields, stop_server_tools_when: bounded };
}

/** The conditions, with a step count among them. */
function boundStops(stops: unknown, field: string): unknown {
  if (!Array.isArray(stops) || stops.length === 0) {
    throw invalidInput(`"${field}" must be a non-empty array`);
  }
  let isBounded = false;
  for (const [i, stop] of stops.entries()) {
    const { type, step_count } = Object(stop) as Fields;
    if (type !== "step_count_is") continue;
    requireSteps(step_count, `${field}[${i}].step_count`);
    isBounded = true;
  }
  return isBounded ? stops : [...stops, { type: "step_count_is", step_count: MAX_STEPS }];
}

function requireSteps(steps: unknown, field: string): void {
  if (Number.isInteger(steps) && steps as number >= 1 && steps as number <= MAX_STEPS) return;
  throw invalidInput(`"${field}" must be a whole number from 1 to ${MAX_STEPS}`);
}
