/**
 * The lock: with `ASSISTANTS_ONLY`, a model reads nothing that a caller wrote but the variables of an
 * assistant and messages of the user.
 */
import { invalidInput } from "../errors.ts";
import type { Fields } from "../fields.ts";
import type { Settings } from "../settings.ts";
import { type AssistantApi, chatApi } from "./apis.ts";
import { readAssistant } from "./assistant.ts";
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
  const { assistant, rest } = readAssistant(fields);
  if (!assistant) throw invalidInput('"assistant" must name one of the assistants of this app');
  const opened = new Set(assistant.allow);
  const names = assistant.allow.filter((name) => !OPENED_CONTENT.includes(name));
  requireNames(rest, [...ALWAYS_OPEN, ...names, api.conversation]);
  requireOpenConversation(rest[api.conversation], { api, opened });
  return fields;
}

/**
 * With `ASSISTANTS_ONLY`, rejects every field of a request except some. For functions that write their
 * own instructions and take more than a conversation.
 *
 * @param names the fields that the function reads itself, and those that its prompt file opens.
 * @throws {ApiError} 400 `INVALID_INPUT` that names the field.
 */
export function requireOnlyFields(fields: Fields, names: string[], settings: Settings): void {
  if (settings.ASSISTANTS_ONLY) requireNames(fields, names);
}
