/** Which server tools and plugins a request may use, and within which bounds. */
import { allows, describe, isOpen } from "./allow_list.ts";
import { listParts } from "../request/content_parts.ts";
import { ApiError, invalidInput } from "../errors.ts";
import { chooseGateway } from "../gateway/gateway.ts";
import { requireTokens } from "./token_caps.ts";
import type { Settings } from "../settings.ts";
import { type Fields, toFields } from "../fields.ts";

/** Kinds of tools that the caller runs. */
const CALLERS_TOOLS = ["function", "custom"];
/** Results and searches that a web search may be set to. It is billed by the search. */
const SEARCH_BOUNDS = { max_results: 25, max_total_results: 50, max_uses: 10 };
/** What a web search is set to where the request does not say; OpenAI's form knows no total. */
const SEARCH_DEFAULTS = { max_results: 5, max_total_results: 10 };
const SHORT_SEARCH_DEFAULTS = { max_results: 5, max_uses: 2 };
/** Server tools that ask models of their own. */
const ASKING_TOOLS = ["advisor", "subagent", "fusion"];
/** Plugins that do the same as a server tool. */
const TWINS: Record<string, string> = {
  "web": "web_search",
  "web-fetch": "web_fetch",
  "fusion": "fusion",
};
/** What chooses models by itself unless all of these say which. */
const CHOOSERS: Record<string, string[]> = {
  "image_generation": ["model"],
  "advisor": ["model"],
  "subagent": ["model"],
  "fusion": ["analysis_models", "model"],
  "auto-router": ["allowed_models"],
  "auto-beta-router": ["allowed_models"],
};
/** What asks no model. Others may, and have to be named where models are. */
const MODEL_FREE = [
  "web_search",
  "web_fetch",
  "datetime",
  "bash",
  "shell",
  "local_shell",
  "files",
  "file_search",
  "apply_patch",
  "code_interpreter",
  "computer_use_preview",
  "mcp",
  "namespace",
  "tool_search",
  "experimental__search_models",
  "web",
  "web-fetch",
  "file-parser",
  "response-healing",
  "context-compression",
  "moderation",
];

/**
 * Holds server tools and plugins to `ALLOWED_SERVER_TOOLS` and `ALLOWED_PLUGINS`, and sets bounds for
 * what they are billed by. Where `ALLOWED_MODELS` is set, what chooses models by itself must be told
 * which, or be named in one of these two lists.
 *
 * @returns the params, with bounds for web searches and for the models that tools ask; with files to
 *   be read by the model alone where the plugin that parses them is not allowed.
 * @throws {ApiError} 400 `INVALID_INPUT` or `AI_INVALID_MODEL` that names the field.
 */
export function applyToolPolicy(params: Fields, settings: Settings): Fields {
  const { tools, plugins, input, tool_choice, web_search_options } = params;
  if ((web_search_options ?? null) !== null) {
    requireListed("web_search", "web_search_options", SERVER_TOOLS, settings);
  }
  if (typeof tool_choice === "object" && tool_choice) requireToolOfChoice(tool_choice, settings);
  let bounded = params;
  if (tools) bounded = { ...bounded, tools: boundTools(tools, "tools", settings) };
  if (plugins) bounded = { ...bounded, plugins: boundPlugins(plugins, settings) };
  if (Array.isArray(input) && input.some(bringsTools)) {
    bounded = { ...bounded, input: input.map((item, i) => boundItem(item, i, settings)) };
  }
  return readFilesNatively(bounded, settings);
}

/** A file is parsed unasked, by a plugin and at a price, where its model cannot read it. */
function readFilesNatively(params: Fields, settings: Settings): Fields {
  const id = "file-parser";
  if (allows(settings.ALLOWED_PLUGINS, id)) return params;
  if (!chooseGateway(settings).supports("plugins")) return params;
  if (!listParts(params).some(({ type }) => type === "file" || type === "input_file")) {
    return params;
  }
  // Switched off it is only no longer an account's default.
  const plugins = ((params.plugins || []) as Fields[]).filter((plugin) => plugin.id !== id);
  return { ...params, plugins: [...plugins, { id, pdf: { engine: "native" } }] };
}

/** Whether an item of a conversation brings tools with it, as Responses' `additional_tools` does. */
export function bringsTools(item: unknown): item is Fields {
  const { type, tools } = Object(item) as Fields;
  return (tools ?? null) !== null && type !== "mcp_list_tools"; // which tells of tools there were
}

function boundItem(item: unknown, i: number, settings: Settings): unknown {
  if (!bringsTools(item)) return item;
  return { ...item, tools: boundTools(item.tools, `input[${i}].tools`, settings) };
}

/**
 * Refuses a field that means a web search where that is not allowed.
 *
 * @param options.byPlugin whether it is the plugin `web` that searches.
 * @throws {ApiError} 400 `INVALID_INPUT` that names the field.
 */
export function requireWebSearch(
  field: string,
  settings: Settings,
  { byPlugin }: { byPlugin: boolean },
): void {
  requireListed("web_search", field, SERVER_TOOLS, settings);
  if (byPlugin) requireListed("web", field, PLUGINS, settings);
}

const SERVER_TOOLS = { setting: "ALLOWED_SERVER_TOOLS", plural: "server tools" } as const;
const PLUGINS = { setting: "ALLOWED_PLUGINS", plural: "plugins" } as const;
type Kind = typeof SERVER_TOOLS | typeof PLUGINS;

function requireListed(name: string, field: string, kind: Kind, settings: Settings): void {
  const listed = settings[kind.setting];
  if (allows(listed.map(toToolName), name)) return;
  throw invalidInput(
    listed.length === 0
      ? `"${field}" must be left out: no ${kind.plural} are allowed`
      : `"${field}" must keep to the allowed ${kind.plural}: ${describe(listed)}`,
  );
}

/** One name for a tool: OpenRouter's with and without prefix, web search's with and without dates. */
function toToolName(type: string): string {
  const name = type.replace(/^openrouter:/, "");
  return /^web_search(_preview)?(_\d{4}_\d\d_\d\d)?$/.test(name) ? "web_search" : name;
}

function requireToolOfChoice({ type }: { type?: unknown }, settings: Settings): void {
  if (typeof type !== "string") throw invalidInput('"tool_choice.type" is required');
  if ([...CALLERS_TOOLS, "allowed_tools"].includes(type)) return;
  requireListed(toToolName(type), "tool_choice", SERVER_TOOLS, settings);
}

function boundTools(tools: unknown, path: string, settings: Settings): Fields[] {
  if (!Array.isArray(tools)) throw invalidInput(`"${path}" must be an array`);
  return tools.map((tool, i) => boundTool(tool, `${path}[${i}]`, settings));
}

function boundTool(tool: Fields, path: string, settings: Settings): Fields {
  const type = tool?.type;
  if (typeof type !== "string" || !type) throw invalidInput(`"${path}.type" is required`);
  if (CALLERS_TOOLS.includes(type)) return tool;
  const name = toToolName(type);
  // A namespace is no tool, it only holds some.
  if (type !== "namespace") requireListed(name, `${path}.type`, SERVER_TOOLS, settings);
  const defaults = name === "web_search"
    ? type === "openrouter:web_search" ? SEARCH_DEFAULTS : SHORT_SEARCH_DEFAULTS
    : ASKING_TOOLS.includes(name)
    ? { max_completion_tokens: settings.MAX_OUTPUT_TOKENS }
    : {};
  if (name === "web_search") requireSearchBounds(tool, path);
  // OpenRouter's own tools have their options aside, OpenAI's beside the type; a search's may be both.
  if (!type.startsWith("openrouter:") && !(name === "web_search" && tool.parameters)) {
    return boundOptions({ ...defaults, ...tool }, { name, path, kind: SERVER_TOOLS, settings });
  }
  const within = `${path}.parameters`;
  const given = toFields(tool.parameters, within);
  const place = { name, path: within, kind: SERVER_TOOLS, settings };
  const parameters = boundOptions({ ...defaults, ...given }, place);
  return Object.keys(parameters).length > 0 ? { ...tool, parameters } : tool;
}

function boundPlugins(plugins: unknown, settings: Settings): Fields[] {
  if (!Array.isArray(plugins)) throw invalidInput('"plugins" must be an array');
  return plugins.map((plugin, i) => boundPlugin(plugin, `plugins[${i}]`, settings));
}

function boundPlugin(plugin: Fields, path: string, settings: Settings): Fields {
  const id = plugin?.id;
  if (typeof id !== "string" || !id) throw invalidInput(`"${path}.id" is required`);
  if (plugin.enabled !== false) {
    requireListed(id, `${path}.id`, PLUGINS, settings);
    if (TWINS[id]) requireListed(TWINS[id], `${path}.id`, SERVER_TOOLS, settings);
  }
  return boundOptions(plugin, { name: id, path, kind: PLUGINS, settings });
}

interface Place {
  /** Of the tool or plugin. */
  name: string;
  /** How a message names the object that holds the options. */
  path: string;
  kind: Kind;
  settings: Settings;
}

/** What a tool or plugin is set to, if that is within bounds. */
function boundOptions(options: Fields, place: Place): Fields {
  const { name, path, settings } = place;
  requireChoice(options, place);
  if (name === "web_search" || name === "web") requireSearchBounds(options, path);
  const cap = settings.MAX_OUTPUT_TOKENS;
  requireTokens(options, { cap, within: path });
  requireTokens(options.reasoning, { cap, within: `${path}.reasoning` });
  if (options.tools) {
    return { ...options, tools: boundTools(options.tools, `${path}.tools`, settings) };
  }
  if (name === "fusion" && options.enabled !== false) {
    // What its models use unless told otherwise.
    for (const tool of ["web_search", "web_fetch"]) {
      requireListed(tool, `${path}.tools`, SERVER_TOOLS, settings);
    }
  }
  return options;
}

/** Refuses what would ask models that nobody here has seen named. */
function requireChoice(options: Fields, { name, path, kind, settings }: Place): void {
  if (isOpen(settings.ALLOWED_MODELS) || MODEL_FREE.includes(name)) return;
  const fields = CHOOSERS[name];
  if (!fields && settings[kind.setting].map(toToolName).includes(name)) return;
  const missing = fields?.find((field) => !options[field] || Object(options[field]).length === 0);
  // One that is switched off narrows nothing down.
  if (fields && !missing && options.enabled !== false) return;
  throw new ApiError(
    400,
    "AI_INVALID_MODEL",
    missing
      ? `"${path}.${missing}" must name allowed models: ${describe(settings.ALLOWED_MODELS)}`
      : `"${path}" must be left out, as "${name}" may choose models that are not allowed`,
  );
}

function requireSearchBounds(options: Fields, path: string): void {
  for (const [name, most] of Object.entries(SEARCH_BOUNDS)) {
    const value = options[name];
    if (value === undefined || typeof value === "number" && value >= 1 && value <= most) continue;
    throw invalidInput(`"${path}.${name}" must be a number from 1 to ${most}`);
  }
}
