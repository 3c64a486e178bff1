/** JSON objects of unknown content: requests, responses and rows. */
import { invalidInput } from "./errors.ts";

/** A JSON object exactly as it was sent; nothing in it is checked. */
export type Fields = Record<string, unknown>;

/**
 * Reads an optional object inside a request.
 *
 * @param field the name of the field that `value` comes from, for the message.
 * @returns the object, or an empty one for `undefined` and `null`.
 * @throws {ApiError} 400 `INVALID_INPUT` when the value is not an object.
 */
export function toFields(value: unknown, field: string): Fields {
  if (typeof (value ?? {}) === "object" && !Array.isArray(value)) return (value ?? {}) as Fields;
  throw invalidInput(`"${field}" must be an object`);
}

/** Whether a value is a JSON object, and not a list. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value is a list of rows. */
export function isRowList(value: unknown): value is Fields[] {
  return Array.isArray(value) && value.every(isFields);
}

/** The value itself when it is a text, otherwise an empty text. Not every object has a text form. */
export function toText(value: unknown): string {
  return typeof value === "string" ? value : "";
}
