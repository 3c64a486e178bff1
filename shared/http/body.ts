/** From the bytes of a request to a checked value: size, UTF-8, JSON, depth, schema. */
import type { ZodMiniType } from "zod/mini";
import type { Call } from "./call.ts";
import { ApiError, invalidInput } from "../errors.ts";
import { joinBytes } from "./sse.ts";
import { describeIssue } from "./validation_messages.ts";

const MAX_BODY_BYTES = 1024 * 1024;
/** Default size limit of a body that may hold images as data URLs, bytes. */
export const MAX_IMAGE_BODY_BYTES = 8 * 1024 * 1024;
/** How deep arrays and objects may nest: far beyond any tool schema, far below any stack's end. */
const MAX_DEPTH = 100;
/** How many items and fields in all: some hundred thousand tokens to embed are the most in use. */
const MAX_VALUES = 500_000;
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads a request's body and checks it against `schema`.
 *
 * The bytes are counted as they come; `Content-Length` is not trusted. The value returned is the one
 * that was parsed, with every field the schema does not know still in it.
 *
 * @param call the request, its body unread.
 * @param schema what the body must be; its issues become messages that name the field.
 * @param maxBytes the limit where the setting `MAX_BODY_BYTES` gives none.
 * @returns the parsed JSON object.
 * @throws {ApiError} 413 `INVALID_INPUT` when the body is too large, 400 `INVALID_INPUT` when it is
 *   missing, not UTF-8, not JSON, nested too deep, of too many values, not an object or not what the
 *   schema says.
 */
export async function readBody<T>(
  call: Call,
  schema: ZodMiniType<T>,
  maxBytes: number = MAX_BODY_BYTES,
): Promise<T> {
  const text = await readText(call, maxBytes);
  if (!text) throw invalidInput("The request body is missing; send a JSON object");
  const value = parseJson(text);
  if (Array.isArray(value)) throw invalidInput("The request body must be a JSON object");
  return parseValue(value, schema);
}

/**
 * Checks a value against a schema.
 *
 * @returns the value itself, unknown fields included.
 * @throws {ApiError} 400 `INVALID_INPUT` that names the first field that does not fit.
 */
export function parseValue<T>(value: unknown, schema: ZodMiniType<T>): T {
  const result = check(value, schema);
  if (!result.success) throw invalidInput(describeIssue(value, result.error.issues[0]!));
  return value as T;
}

/** zod collects every issue there is, and more than about 100,000 in one list are beyond its stack. */
function check<T>(value: unknown, schema: ZodMiniType<T>): ReturnType<typeof schema.safeParse> {
  try {
    return schema.safeParse(value);
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    throw invalidInput("The request body holds too many values that are not what they must be");
  }
}

/**
 * Reads a request's body as text, counting its bytes as they come.
 *
 * @param call the request, its body unread.
 * @param maxBytes the limit where the setting `MAX_BODY_BYTES` gives none.
 * @returns the text, empty where there is no body.
 * @throws {ApiError} 413 `INVALID_INPUT` when the body is too large, 400 `INVALID_INPUT` when it is
 *   not UTF-8 or breaks off.
 */
export async function readText({ request, settings }: Call, maxBytes: number): Promise<string> {
  const limit = settings.MAX_BODY_BYTES ?? maxBytes;
  const pieces: Uint8Array[] = [];
  // No `for await`: what it makes to let go of the stream costs more than reading a small body.
  const reader = request.body?.getReader();
  for (let size = 0; reader;) {
    const { value, done } = await reader.read().catch((cause) => {
      throw invalidInput("The request body broke off", cause);
    });
    if (done) break;
    size += value.byteLength;
    if (size > limit) {
      await reader.cancel();
      throw new ApiError(413, "INVALID_INPUT", `The request body must not exceed ${limit} bytes`);
    }
    pieces.push(value);
  }
  try {
    return decoder.decode(joinBytes(pieces));
  } catch (cause) {
    throw invalidInput("The request body must be UTF-8", cause);
  }
}

/**
 * Parses a body's text.
 *
 * @returns an object or an array.
 * @throws {ApiError} 400 `INVALID_INPUT` for what is no JSON, nested too deep, of too many values or
 *   a bare value.
 */
export function parseJson(text: string): object {
  requireModest(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw notJson("The request body must be JSON", cause);
  }
  if (typeof value !== "object" || value === null) {
    throw notJson("The request body must be a JSON object");
  }
  return value;
}

function notJson(message: string, cause?: unknown): ApiError {
  const nextActions = "Please ensure your request body contains valid JSON";
  return new ApiError(400, "INVALID_INPUT", message, { nextActions, cause });
}

/** Refuses what costs far more to check than it has bytes; asked before parsing, in one pass. */
function requireModest(text: string): void {
  let depth = 0;
  let values = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (quoted) {
      if (character === "\\") i++;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === ",") values++;
    else if (character === "[" || character === "{") {
      values++;
      if (++depth > MAX_DEPTH) {
        throw invalidInput(`The request body must not nest deeper than ${MAX_DEPTH} levels`);
      }
    } else if (character === "]" || character === "}") depth--;
  }
  if (values > MAX_VALUES) {
    throw invalidInput(`The request body must not hold more than ${MAX_VALUES} values`);
  }
}
