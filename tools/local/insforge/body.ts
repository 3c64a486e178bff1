/** Request bodies: read as Express reads them, checked with InsForge's messages. */

import type * as z from "zod/mini";
import { Refusal } from "./refusal.ts";

/** What every route finds in `context.var`. */
export interface RequestBody {
  Variables: { body: unknown };
}

/**
 * Reads the body of a request: JSON or the fields of a form. A body of another type is an empty
 * object.
 *
 * @throws {Refusal} 400 `INVALID_INPUT` for malformed JSON, and when it is not an object or array
 */
export async function readBody(request: Request): Promise<unknown> {
  const mediaType = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (mediaType === "application/x-www-form-urlencoded") {
    return Object.fromEntries(new URLSearchParams(await request.text()));
  }
  if (mediaType !== "application/json") return {};
  const text = await request.text();
  if (text.trim() === "") return {};
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null) return body;
    throw new SyntaxError(`Unexpected token '${text.trim()[0]}', "${text}" is not valid JSON`);
  } catch (error) {
    throw new Refusal(
      400,
      "INVALID_INPUT",
      // The engine that InsForge runs on reports the position only once.
      (error as Error).message.replace(/ \(line \d+ column \d+\)$/, ""),
      "Please ensure your request body contains valid JSON",
    );
  }
}

/** The error of `parseBody`: its code and its advice. */
export interface ParseOptions {
  code?: string;
  nextActions?: string;
}

/**
 * Checks `body` with `schema` and returns the value.
 *
 * @throws {Refusal} 400 with one `field: problem` per problem, joined by commas
 */
export function parseBody<T>(
  schema: z.ZodMiniType<T>,
  body: unknown,
  { code = "INVALID_INPUT", nextActions }: ParseOptions = {},
): T {
  const result = schema.safeParse(body, { error: describeIssue });
  if (result.success) return result.data;
  const message = result.error.issues
    .map((issue) => `${issue.path.join(".")}: ${issue.message}`)
    .join(", ");
  throw new Refusal(400, code, message, nextActions);
}

function describeIssue(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== "invalid_type") return undefined;
  if (issue.input === undefined) return "Required";
  return `Expected ${issue.expected}, received ${typeName(issue.input)}`;
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
