/** Request bodies: read as Express reads them, checked with the messages of InsForge's schemas. */

import type * as z from "zod/mini";
import { Refusal } from "./refusal.ts";

/** What routes find in `context.var`: the body, read before any of them runs. */
export interface RequestBody {
  Variables: { body: unknown };
}

/**
 * The body of a request, JSON or a form's fields; an empty object when it is of another type.
 *
 * @throws {Refusal} 400 `INVALID_INPUT` for malformed JSON and for a value that is no object or array
 */
export async function readBody(request: Request): Promise<unknown> {
  const mediaType = request.headers.get("content-type")?.split(";")[0].trim().toLowerCase();
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
      // The engine InsForge runs on gives the position only once.
      (error as Error).message.replace(/ \(line \d+ column \d+\)$/, ""),
      "Please ensure your request body contains valid JSON",
    );
  }
}

/** How `parseBody` refuses: which code, and which advice. */
export interface ParseOptions {
  code?: string;
  nextActions?: string;
}

/**
 * The value of `body` that `schema` describes.
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
