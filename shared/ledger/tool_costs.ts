/** What server tools and plugins may add to the cost of a call. */
import { type Fields, toText } from "../fields.ts";
import { type Part, toLedgerName } from "./charge.ts";
import { toTokenCount } from "../token_usage.ts";

/** What tools and plugins add. */
export interface ToolCosts {
  /** How often the call's own model reads the prompt: once, and again after each search. */
  turns: number;
  /** Tokens of search results and fetched pages. */
  promptTokens: number;
  /** What is asked of other models. */
  parts: Part[];
  /** USD for searches. */
  usd: number;
}

/** OpenRouter's price for one result of a web search, USD. */
const USD_PER_RESULT = 0.004;
/** The highest price of one search by a model's own provider, USD. */
const USD_PER_SEARCH = 0.035;
const TOKENS_PER_RESULT = 1_000;
const TOKENS_PER_PAGE = 25_000;
/** Web search without options, as the policy bounds it. */
const DEFAULT_SEARCH = { results: 5, searches: 2 };
/** OpenRouter ends the loop of server tools after so many steps. */
const MAX_STEPS = 30;
/** Output limit of a model that a tool asks without stating one. */
const INNER_TOKENS = 4_096;
/** The number of models that `fusion` calls by default. */
const FUSION_MODELS = 4;
const IMAGE_MODEL = "openai/gpt-5-image";
/** Server tools and plugins that ask other models. */
const ASKING = new Set(["advisor", "subagent", "fusion", "image_generation"]);

/**
 * Estimates the most that server tools and plugins may add.
 *
 * @param promptTokens tokens of the call's own prompt, which the tools' models read, too.
 */
export function estimateTools(params: Fields, promptTokens: number): ToolCosts {
  const costs: ToolCosts = { turns: 1, promptTokens: 0, parts: [], usd: 0 };
  const steps = toSteps(params) ?? MAX_STEPS;
  for (const { name, options } of listTools(params)) {
    if (name === "web_search") addSearch(costs, options);
    else if (name === "web_fetch") addFetch(costs, options);
    else if (ASKING.has(name)) addModels(costs, { name, options, steps, promptTokens });
  }
  return costs;
}

interface Tool {
  name: string;
  options: Fields;
}

/** The server tools and plugins of a request, nested tools included, each under one name. */
function* listTools(fields: Fields): Generator<Tool> {
  const { model, models, tools, plugins, input, web_search_options } = fields;
  if (web_search_options) yield { name: "web_search", options: Object(web_search_options) };
  const named = [model, models].flat().map(toText);
  if (named.some((name) => /:online\b/i.test(name))) yield { name: "web_search", options: {} };
  const items = toObjects(input).filter(({ type }) => type !== "mcp_list_tools");
  for (const tool of [...toObjects(tools), ...items.flatMap((item) => toObjects(item.tools))]) {
    const options = { ...tool, ...Object(tool.parameters) } as Fields;
    yield { name: toName(toText(tool.type)), options };
    yield* listTools({ tools: options.tools });
  }
  for (const plugin of toObjects(plugins)) {
    if (plugin.enabled !== false) {
      const id = toText(plugin.id);
      yield {
        name: id === "web" ? "web_search" : toName(id.replaceAll("-", "_")),
        options: plugin,
      };
    }
    yield* listTools({ tools: plugin.tools });
  }
}

function toName(type: string): string {
  const name = type.replace(/^openrouter:/, "");
  return /^(web_search|web_fetch)(_preview)?(_[\d_]+)?$/.exec(name)?.[1] ?? name;
}

function addSearch(costs: ToolCosts, options: Fields): void {
  const perSearch = toTokenCount(options.max_results) || DEFAULT_SEARCH.results;
  const total = toTokenCount(options.max_total_results);
  const uses = toTokenCount(options.max_uses);
  const searches = uses || (total ? Math.ceil(total / perSearch) : DEFAULT_SEARCH.searches);
  const results = Math.min(total || Infinity, searches * perSearch);
  costs.turns += searches;
  // Each turn after a search reads the results found so far.
  costs.promptTokens += results * TOKENS_PER_RESULT * searches;
  costs.usd += Math.max(results * USD_PER_RESULT, searches * USD_PER_SEARCH);
}

function addFetch(costs: ToolCosts, options: Fields): void {
  const uses = toTokenCount(options.max_uses) || DEFAULT_SEARCH.searches;
  const tokens = toTokenCount(options.max_content_tokens) || TOKENS_PER_PAGE;
  costs.turns += uses;
  costs.promptTokens += tokens * uses * uses;
}

interface Asking extends Tool {
  steps: number;
  promptTokens: number;
}

function addModels(costs: ToolCosts, { name, options, steps, promptTokens }: Asking): void {
  const uses = Math.min(steps, toTokenCount(options.max_uses) || steps);
  const limit = Math.max(
    toTokenCount(options.max_completion_tokens),
    toTokenCount(options.max_tokens),
    toTokenCount(options.max_output_tokens),
  ) || INNER_TOKENS;
  for (const model of listModels(name, options)) {
    costs.parts.push({
      models: [model],
      // A later use may read what was answered before.
      prompt_tokens: toTokenCount((promptTokens + limit) * uses),
      completion_tokens: toTokenCount(limit * uses),
    });
  }
  if (name === "fusion") {
    addSearch(costs, { max_uses: toSteps(options) ?? DEFAULT_SEARCH.searches });
  }
}

function listModels(name: string, options: Fields): string[] {
  if (name === "image_generation") return [toLedgerName(options.model) || IMAGE_MODEL];
  const named = [options.model, options.analysis_models].flat().map(toLedgerName).filter(Boolean);
  if (named.length > 0) return named;
  return Array.from({ length: name === "fusion" ? FUSION_MODELS : 1 }, () => "");
}

/** The most steps that the fields allow; undefined when they state no number. */
function toSteps({ max_tool_calls, stop_server_tools_when: stops }: Fields): number | undefined {
  const counts = toObjects(stops).filter(({ type }) => type === "step_count_is")
    .map(({ step_count }) => toTokenCount(step_count));
  if (counts.length > 0) return Math.min(...counts);
  return toTokenCount(max_tool_calls) || undefined;
}

function toObjects(value: unknown): Fields[] {
  return Array.isArray(value)
    ? value.filter((item) => typeof item === "object" && item !== null)
    : [];
}
