/** From the bytes of a request to a checked value: time, size, UTF-8, JSON, limits, schema. */
import type { ZodMiniType } from "zod/mini";
import { ApiError, invalidInput, ProgrammerError } from "../errors.ts";
import type { Call } from "./call.ts";
import { setDeadline } from "./deadlines.ts";
import { requireJsonLimits } from "./json_limits.ts";
import { dropNullFields } from "./null_fields.ts";
import { findIssue } from "./schema_issues.ts";
import { joinBytes } from "./sse.ts";
import { describeIssue } from "./validation_messages.ts";

/** Default size limit of a body, bytes. */
export const MAX_BODY_BYTES = 1024 * 1024;
/** Default size limit of a body that may hold images as data URLs, bytes. */
export const MAX_IMAGE_BODY_BYTES = 8 * 1024 * 1024;
/** How long a caller may take to send a body, milliseconds. */
const RECEIVE_MS = 30_000;

const decoder = new TextDecoder("utf-8", { fatal: true });

/** What a route may say about the bodies it accepts. */
export interface BodyLimits {
  /** The size limit in bytes when the setting `MAX_BODY_BYTES` is not set; 1 MiB unless given. */
  maxBytes?: number;
  /** Items and fields of all arrays and objects together; 50,000 unless given. */
  maxValues?: number;
  /** How long the caller may take to send the body, milliseconds; 30 s unless given. */
  receiveMs?: number;
}

/**
 * A check of a body that needs zod for unusual requests only. A check by zod costs more than parsing the
 * request, and loading zod costs a tenth of a cold start.
 */
export interface LateSchema<T> {
  /** Whether a value has the form of most requests. It must be false for what the schema rejects. */
  isUsual(value: unknown): boolean;
  /** Loads the schema, which checks all other values. */
  load(): Promise<ZodMiniType<T>>;
}

/**
 * Reads a request's body and checks it against a schema.
 *
 * @param call the request; its body must be unread, and its credential must have been checked.
 * @param schema what the body must be; the first issue becomes a message that names the field.
 * @returns the parsed object itself, with every field that the schema does not know still in it.
 * @throws {ApiError} 413 `INVALID_INPUT` when the body is too large; 408 `INVALID_INPUT` when it does
 *   not arrive in time; 400 `INVALID_INPUT` when it is missing, not UTF-8, not JSON, nested too deep,
 *   of too many values, not an object, or rejected by the schema.
 */
export async function readBody<T>(
  call: Call,
  schema: ZodMiniType<T> | LateSchema<T>,
  limits: BodyLimits = {},
): Promise<T> {
  if (isLate(schema)) {
    const value = parseFields(await readText(call, limits), limits.maxValues);
    return schema.isUsual(value) ? value as T : parseValue(value, await schema.load());
  }
  if (typeof schema?.safeParse !== "function") {
    throw new ProgrammerError("The body of a function must be checked by a schema of zod/mini");
  }
  return parseBody(await readText(call, limits), schema, limits.maxValues);
}

function isLate<T>(schema: ZodMiniType<T> | LateSchema<T>): schema is LateSchema<T> {
  return typeof Object(schema).isUsual === "function";
}

/**
 * Parses the text of a body and checks it against a schema.
 *
 * @param maxValues items and fields of all arrays and objects together; 50,000 unless given.
 * @throws {ApiError} 400 `INVALID_INPUT` as {@link readBody}.
 */
export function parseBody<T>(text: string, schema: ZodMiniType<T>, maxValues?: number): T {
  return parseValue(parseFields(text, maxValues), schema);
}

function parseFields(text: string, maxValues?: number): object {
  if (!text) throw invalidInput("The request body is missing; send a JSON object");
  const value = parseJson(text, maxValues);
  if (Array.isArray(value)) throw invalidInput("The request body must be a JSON object");
  return value;
}

/**
 * Checks a value against a schema. The first invalid item or field ends the check. A field that is
 * optional and `null` counts as left out and is deleted from the value.
 *
 * @param value a parsed JSON value.
 * @returns the value itself, unknown fields included.
 * @throws {ApiError} 400 `INVALID_INPUT` with a message that names the first invalid field.
 */
export function parseValue<T>(value: unknown, schema: ZodMiniType<T>): T {
  let issue = findIssue(value, schema);
  if (issue && dropNullFields(value, schema)) issue = findIssue(value, schema);
  if (issue) throw invalidInput(describeIssue(value, issue));
  return value as T;
}

/**
 * Reads a request's body as text.
 *
 * @param call the request; its body must be unread.
 * @returns the text; empty when there is no body.
 * @throws {ApiError} 413 `INVALID_INPUT` when the body is too large; 408 `INVALID_INPUT` when it does
 *   not arrive in time; 400 `INVALID_INPUT` when it is incomplete or not UTF-8.
 */
export async function readText(
  call: Call,
  limits: BodyLimits,
): Promise<string> {
  const bytes = await readBytes(call, limits);
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw invalidInput("The request body must be UTF-8", cause);
  }
}

/**
 * Reads a request's body as bytes.
 *
 * @param call the request; its body must be unread.
 * @returns the bytes; empty when there is no body.
 * @throws {ApiError} 413 `INVALID_INPUT` when the body is too large; 408 `INVALID_INPUT` when it does
 *   not arrive in time; 400 `INVALID_INPUT` when it is incomplete.
 */
export async function readBytes(
  { request, settings }: Call,
  limits: BodyLimits,
): Promise<Uint8Array> {
  const { receiveMs = RECEIVE_MS } = limits;
  const maxBytes = settings.MAX_BODY_BYTES ?? limits.maxBytes ?? MAX_BODY_BYTES;
  // A body of known length is read faster in one piece. The header is only a hint: some platforms
  // pass on the length of another body, so the bytes are counted either way.
  const isShort = Number(request.headers.get("Content-Length") ?? NaN) <= maxBytes;
  const reader = isShort ? undefined : request.body?.getReader();
  // The reading itself goes on after its deadline; the platform ends it after the response.
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const cancelDeadline = setDeadline(receiveMs, () => reject(tooSlow(receiveMs)));
  (reader ? joinPieces(reader, maxBytes) : request.bytes()).then(resolve, reject);
  try {
    const bytes = await promise;
    if (bytes.length > maxBytes) throw tooLarge(maxBytes);
    return bytes;
  } catch (thrown) {
    reader?.cancel().catch(() => {}); // the rest of the body is not needed, however it ends
    throw thrown instanceof ApiError
      ? thrown
      : invalidInput("The request body is incomplete", thrown);
  } finally {
    cancelDeadline();
  }
}

async function joinPieces(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (let size = 0;;) {
    const { value, done } = await reader.read();
    if (done) return joinBytes(pieces);
    size += value.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    pieces.push(value);
  }
}

function tooSlow(ms: number): ApiError {
  const message = `The request body must arrive within ${ms / 1_000} seconds`;
  return new ApiError(408, "INVALID_INPUT", message);
}

function tooLarge(maxBytes: number): ApiError {
  return new ApiError(413, "INVALID_INPUT", `The request body must not exceed ${maxBytes} bytes`);
}

/**
 * Parses the text of a body.
 *
 * @param maxValues items and fields of all arrays and objects together; 50,000 unless given.
 * @returns an object or an array.
 * @throws {ApiError} 400 `INVALID_INPUT` when the text is not JSON, is nested too deep, has too many
 *   values, or is neither an object nor an array.
 */
export function parseJson(text: string, maxValues?: number): object {
  requireJsonLimits(text, maxValues);
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
