/** From a request that names an assistant to the request that is sent to the model. */
import { ApiError, invalidInput } from "../errors.ts";
import type { Fields } from "../fields.ts";
import type { Call } from "../http/call.ts";
import { isAllowedModel } from "../policy/models.ts";
import { readOutputLimit } from "../request/output_tokens.ts";
import type { Settings } from "../settings.ts";
import { type AssistantApi, chatApi } from "./apis.ts";
import { type Assistant, readAssistant } from "./assistant.ts";
import { requireOpenFields } from "./open_fields.ts";
import { fillText } from "./variables.ts";

/** The parts of a call that are read, and those that name the assistant. */
export type AssistedCall = Pick<Call, "settings" | "log" | "assistant" | "ownPrompts">;

/**
 * Puts the assistant that a request names into the request: its text as the first instructions, and
 * its model, temperature, output limit and tools where the request has none. The log line and the
 * ledger name the assistant. A request without an assistant is returned as it is.
 *
 * Unless the function writes its prompts itself, the request must keep to `requireOpenFields`.
 *
 * @param fields a request with `assistant` and `variables`; it is not changed.
 * @param api the form of the request; that of chat completions unless given.
 * @throws {ApiError} 400 `INVALID_INPUT` for an unknown assistant, for variables that do not fit, and
 *   as `requireOpenFields`; 500 `INTERNAL_ERROR` when the assistant's model is not allowed.
 */
export function applyAssistant(
  call: AssistedCall,
  fields: Fields,
  api: AssistantApi = chatApi,
): Fields {
  const { assistant, rest: named } = readAssistant(fields);
  if (!assistant) {
    if (isMissing(fields.variables)) return fields;
    throw invalidInput('"variables" needs the field "assistant"');
  }
  const { variables, ...rest } = named;
  // The lock opens for this call, so nothing may come with the name that the assistant does not open.
  if (!call.ownPrompts) requireOpenFields(fields, call.settings, api);
  call.assistant = assistant.name;
  call.log.assistant = assistant.name;
  if (assistant.version !== undefined) call.log.assistant_version = assistant.version;
  const text = fillText(assistant, variables);
  return api.withInstructions(
    withDefaults(rest, { assistant, api, settings: call.settings }),
    text,
  );
}

/**
 * Applies the assistant of a caller's request, as {@link applyAssistant} does.
 *
 * @throws {ApiError} as {@link applyAssistant}; with `ASSISTANTS_ONLY` also 400 `INVALID_INPUT` for a
 *   request without an assistant.
 */
export function toAssistedRequest(
  call: AssistedCall,
  fields: Fields,
  api: AssistantApi = chatApi,
): Fields {
  return applyAssistant(call, requireOpenFields(fields, call.settings, api), api);
}

interface Defaults {
  assistant: Assistant;
  api: AssistantApi;
  settings: Settings;
}

/** Adds what the request leaves to the assistant; null counts as left out. */
function withDefaults(fields: Fields, { assistant, api, settings }: Defaults): Fields {
  const { model, temperature, max_tokens, tools } = assistant;
  const added: Fields = {};
  if (model !== undefined && isMissing(fields.model) && isMissing(fields.models)) {
    requireAllowed(assistant, model, settings);
    added.model = model;
  }
  if (temperature !== undefined && isMissing(fields.temperature)) added.temperature = temperature;
  if (max_tokens !== undefined && readOutputLimit(fields) === undefined) {
    added[api.limit] = Math.min(max_tokens, settings.MAX_OUTPUT_TOKENS);
  }
  if (tools !== undefined && isMissing(fields.tools)) added.tools = tools.map(api.toTool);
  return { ...fields, ...added };
}

function isMissing(value: unknown): boolean {
  return (value ?? null) === null;
}

function requireAllowed({ name }: Assistant, model: string, { ALLOWED_MODELS }: Settings): void {
  if (isAllowedModel(model, ALLOWED_MODELS)) return;
  const message = `The model of the assistant "${name}" must be one that ALLOWED_MODELS allows`;
  throw new ApiError(500, "INTERNAL_ERROR", message);
}
