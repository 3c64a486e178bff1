/** Limits on the shape of a JSON text, checked before it is parsed. */
import { invalidInput } from "../errors.ts";

/** Levels of arrays and objects: far more than any tool schema has, far less than any stack holds. */
export const MAX_DEPTH = 100;
/** Fields of one object. An object of very many fields is slow to build and to check. */
export const MAX_FIELDS = 1_000;
/** Items and fields of a whole body, unless a route says otherwise. */
export const MAX_VALUES = 50_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Rejects a JSON text that is cheap to send and expensive to parse and check.
 *
 * The text is scanned once; strings are skipped. Text that is not JSON may pass: the parser finds it.
 *
 * @param maxValues how many items, fields, arrays and objects the text may have in all.
 * @throws {ApiError} 400 `INVALID_INPUT` when the text nests too deep or has too many values.
 */
export function requireJsonLimits(text: string, maxValues: number = MAX_VALUES): void {
  // A shorter text cannot exceed any of the limits.
  if (text.length <= MAX_DEPTH) return;
  /** Fields per level; below zero in an array. */
  const fields = new Int32Array(MAX_DEPTH + 1);
  let depth = 0;
  let values = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE:
        i = findEndOfString(text, i);
        break;
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        if (++depth > MAX_DEPTH) {
          throw invalidInput(`The request body must not nest deeper than ${MAX_DEPTH} levels`);
        }
        fields[depth] = text.charCodeAt(i) === OPEN_OBJECT ? 1 : -(2 ** 31);
        values++;
        break;
      case COMMA:
        values++;
        if (++fields[depth]! > MAX_FIELDS) {
          throw invalidInput(`An object must not have more than ${MAX_FIELDS} fields`);
        }
        break;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        if (depth > 0) depth--;
    }
    if (values > maxValues) {
      throw invalidInput(`The request body must not hold more than ${maxValues} values`);
    }
  }
}

/** The index of the quote that ends the string which begins at `start`, or the end of the text. */
function findEndOfString(text: string, start: number): number {
  for (let end = start;;) {
    end = text.indexOf('"', end + 1);
    if (end < 0) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
}
