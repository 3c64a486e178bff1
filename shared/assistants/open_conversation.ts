/** What a conversation may hold when `ASSISTANTS_ONLY` is set. */
import { type ApiError, invalidInput } from "../errors.ts";
import { type Fields, toText } from "../fields.ts";
import type { AssistantApi } from "./apis.ts";

/** What the user's messages may hold beside text, by what a prompt file calls it in `allow`. */
const OPENED_PARTS: Record<string, string[]> = {
  images: ["image_url", "input_image", "image"],
  files: ["file", "input_file", "document"],
  recordings: ["input_audio"],
  videos: ["video_url", "input_video"],
};
/** Parts that are text: of chat completions and Messages, and of Responses. */
const TEXTS = ["text", "input_text"];
/** The fields in which a part of the user holds its content. */
const PART_FIELDS = [
  ...["type", "image_url", "file", "input_audio", "video_url", "source"],
  ...["detail", "file_id", "file_url", "file_data", "filename"],
];
/** What `history` opens: the fields of earlier answers and of results of tools. */
const HISTORY: Record<string, string[]> = {
  assistant: [
    ...["role", "content", "tool_calls", "refusal", "reasoning", "reasoning_details"],
    ...["type", "id", "status", "phase"],
  ],
  tool: ["role", "content", "tool_call_id"],
  function_call: ["type", "id", "call_id", "name", "arguments", "status"],
  function_call_output: ["type", "id", "call_id", "output", "status"],
  reasoning: ["type", "id", "summary", "content", "encrypted_content", "status"],
};
/** The last item of a conversation may not be words of the model, which it would continue. */
const MAY_BE_LAST = ["user", "tool", "function_call_output"];

/** All words with a meaning of their own in `allow`; every other one is the name of a field. */
export const OPENED_CONTENT: readonly string[] = [...Object.keys(OPENED_PARTS), "history"];

/** Length to which the name of a field is cut in a message. */
const MAX_NAME_CHARS = 100;

/** How a conversation is checked. */
export interface OpenedContent {
  /** The form of the request. */
  api: Pick<AssistantApi, "conversation">;
  /** What the assistant opens. */
  opened: ReadonlySet<string>;
}

/**
 * Rejects everything in a conversation but messages of the user, and but text in these, unless the
 * assistant opens it.
 *
 * @param value the conversation, a text or a list; its schema was checked.
 * @throws {ApiError} 400 `INVALID_INPUT` that names the field.
 */
export function requireOpenConversation(value: unknown, { api, opened }: OpenedContent): void {
  if (typeof value === "string") return;
  const field = api.conversation;
  if (!Array.isArray(value)) throw invalidInput(`"${field}" must be an array`);
  let last = "";
  for (const [i, item] of value.entries()) {
    last = requireOpenItem(Object(item), { path: `${field}[${i}]`, opened });
  }
  if (!MAY_BE_LAST.includes(last)) {
    throw invalidInput(`"${field}" must end with a message of the user or the result of a tool`);
  }
}

interface Place {
  /** Where the value stands in the request, for the message. */
  path: string;
  opened: ReadonlySet<string>;
}

/** Returns the kind of the item: its role, or its type when it has none. */
function requireOpenItem(item: Fields, place: Place): string {
  const { path, opened } = place;
  const isMessage = (item.type ?? "message") === "message";
  const kind = toText(isMessage ? item.role : item.type);
  if (kind === "user") {
    requireNames(item, ["type", "role", "content"], path);
    requireOpenContent(item.content, { ...place, path: `${path}.content` });
    return kind;
  }
  const names = opened.has("history") && Object.hasOwn(HISTORY, kind) ? HISTORY[kind] : undefined;
  if (!names) {
    const [field, value] = isMessage ? ["role", "user"] : ["type", "message"];
    throw invalidInput(`"${path}.${field}" must be "${value}"`);
  }
  requireNames(item, names, path);
  return kind;
}

function requireOpenContent(content: unknown, { path, opened }: Place): void {
  if (typeof content === "string") return;
  if (!Array.isArray(content)) throw invalidInput(`"${path}" must be a text or an array`);
  for (const [i, part] of content.entries()) {
    requireOpenPart(Object(part), { path: `${path}[${i}]`, opened });
  }
}

function requireOpenPart(part: Fields, { path, opened }: Place): void {
  const type = toText(part.type);
  if (TEXTS.includes(type)) {
    requireNames(part, ["type", "text"], path);
    if (typeof part.text !== "string") throw invalidInput(`"${path}.text" must be a string`);
    return;
  }
  // In Anthropic's form, the user's message holds what a tool has returned.
  if (type === "tool_result" && opened.has("history")) {
    return requireNames(part, ["type", "tool_use_id", "content", "is_error"], path);
  }
  const word = Object.keys(OPENED_PARTS).find((word) => OPENED_PARTS[word]!.includes(type));
  if (word === undefined || !opened.has(word)) throw closedPart(path);
  requireNames(part, PART_FIELDS, path);
}

function closedPart(path: string): ApiError {
  return invalidInput(`"${path}.type" must be "text"; this app accepts no other parts`);
}

/**
 * Rejects every field of an object except some; null counts as left out.
 *
 * @param path where the object stands in the request; undefined for the request itself.
 * @throws {ApiError} 400 `INVALID_INPUT` that names the first other field.
 */
export function requireNames(fields: Fields, names: readonly string[], path?: string): void {
  const closed = Object.keys(fields).find((name) =>
    (fields[name] ?? null) !== null && !names.includes(name)
  );
  if (closed === undefined) return;
  const field = closed.slice(0, MAX_NAME_CHARS);
  throw invalidInput(`"${path ? `${path}.` : ""}${field}" must be left out; this app sets it`);
}
