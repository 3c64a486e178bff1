/** Request bodies that are forms: they hold files, which JSON can only hold in base64. */
import { invalidInput } from "../errors.ts";
import type { Fields } from "../fields.ts";
import { type BodyLimits, readBytes } from "./body.ts";
import type { Call } from "./call.ts";
import { isBufferingPlatform } from "./platform.ts";

/** More parts than any client sends, and few enough to be read in no time. */
const MAX_PARTS = 1_000;

/** Whether a request says that its body is a `multipart/form-data` form. */
export function isForm({ request }: Pick<Call, "request">): boolean {
  return /^multipart\/form-data\s*(;|$)/i.test(request.headers.get("Content-Type") ?? "");
}

/**
 * Reads a request's body as a form.
 *
 * @param call the request; its body must be unread, and its credential must have been checked.
 * @returns the form; its files are held in memory.
 * @throws {ApiError} as `readBytes`; 400 `INVALID_INPUT` for a body that is not a form, for more than
 *   1,000 parts, and on self-hosted InsForge, which damages every body that is not text.
 */
export async function readForm(call: Call, limits: BodyLimits): Promise<FormData> {
  requireByteBodies();
  const type = call.request.headers.get("Content-Type") ?? "";
  const bytes = await readBytes(call, limits);
  requireFewParts(bytes, type);
  return await parseForm(bytes, type);
}

/**
 * Rejects a request whose body is not text, where the platform would damage it.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` on self-hosted InsForge.
 */
export function requireByteBodies(): void {
  if (!isBufferingPlatform()) return;
  throw invalidInput("The request body must be JSON, with files in base64, on this server");
}

/** Rejects many parts before they are parsed, because each of them takes time. */
function requireFewParts(bytes: Uint8Array, type: string): void {
  const [, boundary] = /boundary="?([^";\s]+)/i.exec(type) ?? [];
  if (boundary === undefined) return; // it is not a form
  const text = new TextDecoder("latin1").decode(bytes);
  let boundaries = 0;
  for (let at = 0; (at = text.indexOf(`--${boundary}`, at) + 1) > 0;) boundaries++;
  // The last boundary begins no part.
  if (boundaries <= MAX_PARTS + 1) return;
  throw invalidInput(`The form must have at most ${MAX_PARTS} parts`);
}

async function parseForm(bytes: Uint8Array, type: string): Promise<FormData> {
  try {
    const body = new Blob([bytes as Uint8Array<ArrayBuffer>]);
    return await new Response(body, { headers: { "Content-Type": type } }).formData();
  } catch (cause) {
    throw invalidInput("The request body must be a form of multipart/form-data", cause);
  }
}

/**
 * Converts the texts of a form to the fields of a JSON request. `name[]` becomes the list `name`.
 *
 * @param jsonFields the fields whose text is JSON, such as numbers. A text that is not JSON stays as it
 *   is, for a schema to reject.
 */
export function toFormFields(form: FormData, jsonFields: readonly string[]): Fields {
  const fields: Fields = Object.create(null);
  const lists = new Map<string, string[]>();
  for (const [name, value] of form) {
    if (typeof value !== "string") continue;
    if (!name.endsWith("[]")) fields[name] = jsonFields.includes(name) ? toValue(value) : value;
    else lists.set(name, [...lists.get(name) ?? [], value]);
  }
  for (const [name, list] of lists) fields[name.slice(0, -2)] = list;
  return fields;
}

/** The files of a form whose part is `name` or `name[]`, in their order. */
export function listFiles(form: FormData, name: string): File[] {
  return [...form.getAll(name), ...form.getAll(`${name}[]`)].filter((part) => part instanceof File);
}

function toValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
