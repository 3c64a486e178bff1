/** The policy for server tools and plugins: which ones a request may use, and with which options. */
import { ApiError, invalidInput } from "../errors.ts";
import { type Fields, toFields } from "../fields.ts";
import { chooseGateway } from "../gateway/gateway.ts";
import { listParts } from "../request/content_parts.ts";
import type { Settings } from "../settings.ts";
import { allows, isOpen, toListText } from "./allow_list.ts";
import { requireWithinCap } from "./token_caps.ts";
import { boundSteps, requireSearchLimits, toSearchDefaults } from "./tool_bounds.ts";

/** Types of tools that the caller runs. */
const CALLER_TOOLS = new Set(["function", "custom"]);
/**
 * Server tools and plugins that never call a model. When `ALLOWED_MODELS` is set, all others must be
 * listed by name, because they may call models that are not in the list.
 */
const NEVER_CALLS_MODELS = new Set([
  "web_search",
  "web_fetch",
  "datetime",
  "file-parser",
  "response-healing",
]);
/** Server tools that ask a model, which needs an output limit. */
const ASKING_TOOLS = new Set(["advisor", "subagent", "fusion"]);
/** Server tools that plugins and other tools stand for or bring along. All must be allowed, too. */
const INCLUDED_TOOLS = new Map([
  ["web", ["web_search"]],
  ["web-fetch", ["web_fetch"]],
  ["fusion", ["fusion", "web_search", "web_fetch"]],
]);
/** Plugins without the option `enabled`: `"enabled": false` may not switch them off. */
const ALWAYS_ENABLED = new Set(["web-fetch", "moderation"]);
/** Types of a `tool_choice` that name no single tool. */
const TOOL_CHOICE_MODES = new Set(["allowed_tools", "auto", "any", "none", "tool"]);
const FILE_PARSER = "file-parser";
/** Parts that hold a file: of chat completions, Responses and Anthropic's Messages. */
const FILE_PARTS = new Set(["file", "input_file", "document"]);

const toolNames = new WeakMap<readonly string[], readonly string[]>();

const SERVER_TOOLS = { setting: "ALLOWED_SERVER_TOOLS", noun: "server tool" } as const;
const PLUGINS = { setting: "ALLOWED_PLUGINS", noun: "plugin" } as const;

/**
 * Rejects server tools and plugins that `ALLOWED_SERVER_TOOLS` and `ALLOWED_PLUGINS` do not allow, or
 * that may call models outside `ALLOWED_MODELS`. Bounds the options that cost money.
 *
 * @returns the request with limits for web searches and for the models that server tools call. When the plugin
 *   that parses files is not allowed, files are left to the model itself.
 * @throws {ApiError} 400 `INVALID_INPUT` or `AI_INVALID_MODEL` that names the field.
 */
export function applyToolPolicy(fields: Fields, settings: Settings): Fields {
  const { tools, plugins, input, tool_choice, web_search_options, mcp_servers } = fields;
  if ((web_search_options ?? null) !== null) {
    requireTool("web_search", "web_search_options", settings);
  }
  // Anthropic connects to these servers by itself, as OpenAI does for a tool of type "mcp".
  if ((mcp_servers ?? null) !== null) requireTool("mcp", "mcp_servers", settings);
  if (typeof tool_choice === "object" && tool_choice) requireToolChoice(tool_choice, settings);
  let bounded = fields;
  if (tools) bounded = { ...bounded, tools: boundTools(tools, "tools", settings) };
  if (plugins) bounded = { ...bounded, plugins: boundPlugins(plugins, settings) };
  if (Array.isArray(input) && input.some(bringsTools)) {
    bounded = { ...bounded, input: input.map((item, i) => boundItem(item, i, settings)) };
  }
  return readFilesNatively(bounded, settings);
}

/** Whether the caller runs a tool. Anthropic's own form of such a tool has no type. */
export function isCallerTool(tool: unknown): boolean {
  const { type, input_schema } = Object(tool) as Fields;
  return CALLER_TOOLS.has(type as string) ||
    type === undefined && typeof input_schema === "object" && input_schema !== null;
}

/** Whether an item of a conversation brings tools along, as `additional_tools` of Responses does. */
export function bringsTools(item: unknown): item is Fields {
  if (typeof item !== "object" || item === null) return false;
  const { type, tools } = item as Fields;
  // `mcp_list_tools` only reports which tools an earlier turn had.
  return (tools ?? null) !== null && type !== "mcp_list_tools";
}

/**
 * Rejects a model whose name means a web search when that is not allowed.
 *
 * @param toField returns the name of the field that holds the model, for the message.
 * @throws {ApiError} 400 `INVALID_INPUT` that names the field.
 */
export function requireSearchByModel(
  model: string,
  toField: () => string,
  settings: Settings,
): void {
  if (/:online\b/i.test(model)) requirePlugin("web", toField(), settings);
  if (!/^openrouter\/fusion\b/.test(model)) return;
  for (const tool of ["web_search", "web_fetch"]) requireTool(tool, toField(), settings);
}

/** OpenRouter parses a file with a plugin, at a price, when the model cannot read it. */
function readFilesNatively(fields: Fields, settings: Settings): Fields {
  if (allows(settings.ALLOWED_PLUGINS, FILE_PARSER)) return fields;
  if (!chooseGateway(settings).supports("plugins")) return fields;
  const hasFile = listParts(fields).some(({ type }) => FILE_PARTS.has(type as string));
  if (!hasFile) return fields;
  // Switching the plugin off would only cancel an account's default; this engine replaces parsing.
  const plugins = ((fields.plugins || []) as Fields[]).filter(({ id }) => id !== FILE_PARSER);
  return { ...fields, plugins: [...plugins, { id: FILE_PARSER, pdf: { engine: "native" } }] };
}

function requireTool(name: string, field: string, settings: Settings): void {
  requireListed(name, { field, kind: SERVER_TOOLS, settings });
  requireNamed(name, { field, kind: SERVER_TOOLS, settings });
  for (const included of INCLUDED_TOOLS.get(name) ?? []) {
    requireListed(included, { field, kind: SERVER_TOOLS, settings });
  }
}

function requirePlugin(id: string, field: string, settings: Settings): void {
  requireListed(id, { field, kind: PLUGINS, settings });
  const included = INCLUDED_TOOLS.get(id) ?? [];
  for (const tool of included) requireListed(tool, { field, kind: SERVER_TOOLS, settings });
  const callsModels = included.length === 0 || !included.every((t) => NEVER_CALLS_MODELS.has(t));
  if (callsModels) requireNamed(id, { field, kind: PLUGINS, settings });
}

interface Use {
  /** The field that uses the tool or plugin, for the message. */
  field: string;
  kind: typeof SERVER_TOOLS | typeof PLUGINS;
  settings: Settings;
}

function requireListed(name: string, { field, kind, settings }: Use): void {
  const listed = settings[kind.setting];
  if (isOpen(listed) || allows(toToolNames(listed), name)) return;
  throw invalidInput(
    `"${field}" needs a ${kind.noun} that is not allowed; allowed ${kind.noun}s: ` +
      toListText(listed),
  );
}

function requireNamed(name: string, { field, kind, settings }: Use): void {
  const { ALLOWED_MODELS } = settings;
  if (isOpen(ALLOWED_MODELS) || NEVER_CALLS_MODELS.has(name)) return;
  if (toToolNames(settings[kind.setting]).includes(name)) return;
  throw new ApiError(
    400,
    "AI_INVALID_MODEL",
    `"${field}" needs a ${kind.noun} that may use models that are not allowed; allowed models: ` +
      toListText(ALLOWED_MODELS),
  );
}

/** The names of a list in the settings, converted once because a request may have many tools. */
function toToolNames(listed: readonly string[]): readonly string[] {
  const names = toolNames.get(listed) ?? listed.map(toToolName);
  toolNames.set(listed, names);
  return names;
}

/** One name for each tool: without OpenRouter's prefix, and without the date of a web tool. */
function toToolName(type: string): string {
  const name = type.replace(/^openrouter:/, "");
  return /^(web_search|web_fetch)(_preview)?(_[\d_]+)?$/.exec(name)?.[1] ?? name;
}

function requireToolChoice({ type }: { type?: unknown }, settings: Settings): void {
  if (typeof type !== "string") throw invalidInput('"tool_choice.type" is required');
  if (CALLER_TOOLS.has(type) || TOOL_CHOICE_MODES.has(type)) return;
  requireTool(toToolName(type), "tool_choice", settings);
}

function boundItem(item: unknown, i: number, settings: Settings): unknown {
  if (!bringsTools(item)) return item;
  return { ...item, tools: boundTools(item.tools, `input[${i}].tools`, settings) };
}

function boundTools(tools: unknown, path: string, settings: Settings): Fields[] {
  if (!Array.isArray(tools)) throw invalidInput(`"${path}" must be an array`);
  return tools.map((tool, i) => boundTool(tool, `${path}[${i}]`, settings));
}

function boundTool(tool: Fields | null, path: string, settings: Settings): Fields {
  if (tool && isCallerTool(tool)) return tool;
  const type = tool?.type;
  if (!tool || typeof type !== "string" || !type) throw invalidInput(`"${path}.type" is required`);
  const name = toToolName(type);
  // A namespace only groups tools, which are checked below.
  if (type !== "namespace") requireTool(name, `${path}.type`, settings);
  const place = { name, path, settings };
  const defaults = toDefaults(type, place);
  // OpenRouter's own tools have their options in `parameters`, OpenAI's beside the type.
  if (!type.startsWith("openrouter:") && (tool.parameters ?? null) === null) {
    return boundOptions(withDefaults(tool, defaults), place);
  }
  const within = { ...place, path: `${path}.parameters` };
  const given = toFields(tool.parameters, within.path);
  const parameters = boundOptions(withDefaults(given, defaults), within);
  const bounded = boundOptions(tool, place);
  return Object.keys(parameters).length > 0 ? { ...bounded, parameters } : bounded;
}

function boundPlugins(plugins: unknown, settings: Settings): Fields[] {
  if (!Array.isArray(plugins)) throw invalidInput('"plugins" must be an array');
  return plugins.map((plugin, i) => boundPlugin(plugin, `plugins[${i}]`, settings));
}

function boundPlugin(plugin: Fields | null, path: string, settings: Settings): Fields {
  const id = plugin?.id;
  if (!plugin || typeof id !== "string" || !id) throw invalidInput(`"${path}.id" is required`);
  if (plugin.enabled !== false || ALWAYS_ENABLED.has(id)) {
    requirePlugin(id, `${path}.id`, settings);
  }
  return boundOptions(plugin, { name: id, path, settings });
}

interface Place {
  /** The name of the tool or plugin. */
  name: string;
  /** Where the options stand in the request, for the message. */
  path: string;
  settings: Settings;
}

function toDefaults(type: string, { name, settings }: Place): Fields {
  if (name === "web_search") return toSearchDefaults(type);
  return ASKING_TOOLS.has(name) ? { max_completion_tokens: settings.MAX_OUTPUT_TOKENS } : {};
}

/** The options with defaults for those that are missing; null counts as missing. */
function withDefaults(options: Fields, defaults: Fields): Fields {
  const missing = Object.entries(defaults).filter(([name]) => (options[name] ?? null) === null);
  return missing.length > 0 ? { ...options, ...Object.fromEntries(missing) } : options;
}

/** Rejects options that are out of bounds, and bounds the tools among them. */
function boundOptions(options: Fields, { name, path, settings }: Place): Fields {
  if (name === "web_search" || name === "web") requireSearchLimits(options, path);
  const cap = settings.MAX_OUTPUT_TOKENS;
  requireWithinCap(options, { cap, path });
  requireWithinCap(Object(options.reasoning), { cap, path: `${path}.reasoning` });
  const bounded = boundSteps(options, path);
  if (!options.tools) return bounded;
  return { ...bounded, tools: boundTools(options.tools, `${path}.tools`, settings) };
}
