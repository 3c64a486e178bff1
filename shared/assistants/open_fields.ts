/**
 * The lock: with `ASSISTANTS_ONLY`, a model reads nothing that a caller wrote but the variables of an
 * assistant and messages of the user.
 */
import { invalidInput } from "../errors.ts";
import type { Fields } from "../fields.ts";
import type { Settings } from "../settings.ts";
import { type AssistantApi, chatApi } from "./apis.ts";
import { type Assistant, readAssistant } from "./assistant.ts";
import { OPENED_CONTENT, requireNames, requireOpenConversation } from "./open_conversation.ts";

/** Fields of a request for an assistant that are always open. */
const ALWAYS_OPEN = ["variables", "stream"];

/**
 * With `ASSISTANTS_ONLY`, rejects a request without an assistant, and everything in it that the
 * assistant's file does not open with `allow`: other fields, messages of other roles than `user`, and
 * parts that are not text. Without the setting nothing is checked.
 *
 * @param fields the request as the caller sent it.
 * @param api the form of the request; that of chat completions unless given.
 * @returns the request.
 * @throws {ApiError} 400 `INVALID_INPUT` that names the field.
 */
export function requireOpenFields(
  fields: Fields,
  settings: Settings,
  api: AssistantApi = chatApi,
): Fields {
  if (!settings.ASSISTANTS_ONLY) return fields;
  const { conversation } = api;
  const { allow } = requireNamed(fields, [conversation]);
  requireOpenConversation(fields[conversation], { api, opened: new Set(allow) });
  return fields;
}

/**
 * With `ASSISTANTS_ONLY`, rejects a request without an assistant, and every field but some and those
 * that the assistant opens. For functions that write the conversation themselves.
 *
 * @param names the fields that the function reads itself.
 * @throws {ApiError} 400 `INVALID_INPUT` that names the field.
 */
export function requireAssistedFields(
  fields: Fields,
  names: readonly string[],
  settings: Settings,
): void {
  if (settings.ASSISTANTS_ONLY) requireNamed(fields, names);
}

/**
 * With `ASSISTANTS_ONLY`, rejects every field of a request except some. For functions that write their
 * own instructions, too.
 *
 * @param names the fields that the function reads itself, and those that its prompt file opens.
 * @throws {ApiError} 400 `INVALID_INPUT` that names the field.
 */
export function requireOnlyFields(
  fields: Fields,
  names: readonly string[],
  settings: Settings,
): void {
  if (settings.ASSISTANTS_ONLY) requireNames(fields, names);
}

/** Returns the assistant of a request that has no other fields than some and those that it opens. */
function requireNamed(fields: Fields, names: readonly string[]): Assistant {
  const { assistant, rest } = readAssistant(fields);
  if (!assistant) throw invalidInput('"assistant" must name one of the assistants of this app');
  const opened = assistant.allow.filter((name) => !OPENED_CONTENT.includes(name));
  requireNames(rest, [...ALWAYS_OPEN, ...opened, ...names]);
  return assistant;
}
