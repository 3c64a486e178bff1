/**
 * How operations fail: when, by the table in `docs/troubleshooting.md`; in what shape, by
 * `shared/errors.ts`.
 */
import { STATUS_CODES } from "node:http";
import { ApiError, toErrorBody } from "../../shared/errors.ts";
import { createTypicalExamples } from "./typical_failures.ts";
import { toExamples } from "./examples.ts";
import { type JsonSchema, toSchemaRef } from "./json_schema.ts";
import type { Example, Reference } from "./operation.ts";

const PAGE = "docs/troubleshooting.md";
const HEADING = "## Errors";

/** Creates the body of an error. */
export type RenderError = NonNullable<Reference["toErrorBody"]>;

/** The meaning of each status, in Markdown. */
export type Meanings = Map<number, string>;

/**
 * Reads what each status means from the documentation's table of errors.
 *
 * @returns a paragraph per row of the table: the codes, and when they occur.
 * @throws {Error} when the page has no such table.
 */
export async function readMeanings(): Promise<Meanings> {
  const [, section = ""] = (await Deno.readTextFile(new URL(`../../${PAGE}`, import.meta.url)))
    .split(`\n${HEADING}\n`);
  const [table = ""] = section.split("\n## ");
  const rows = table.matchAll(/^\| *([\d, ]+?) *\| *(.+?) *\| *(.+?) *\|$/gm);
  const meanings: Meanings = new Map();
  for (const [, statuses = "", codes, when] of rows) {
    for (const status of statuses.split(", ").map(Number)) {
      const paragraphs = [meanings.get(status), `${codes}: ${when}`].filter(Boolean);
      meanings.set(status, paragraphs.join("\n\n"));
    }
  }
  if (meanings.size === 0) throw new Error(`${PAGE} must have a table under "${HEADING}"`);
  return meanings;
}

/**
 * The name of an error's schema, such as `OpenAIError`, from the function that creates the error.
 */
export function toErrorName(render: RenderError = toErrorBody): string {
  return render.name.replace(/^to(\w+)Body$/, "$1");
}

/**
 * Describes the errors that `render` creates, from two samples: with and without optional fields.
 */
export function describeError(render: RenderError): JsonSchema {
  const full = new ApiError(400, "INVALID_INPUT", '"field" is wrong', { nextActions: "Do this" });
  const bare = new ApiError(499, "REQUEST_CANCELLED", "The request was aborted");
  const [most, least] = [full, bare].map((error) => JSON.parse(JSON.stringify(render(error))));
  return toShape(most, least);
}

/** Creates what OpenAPI says about the error response with this status. */
export function createRefusal(
  status: number,
  reference: Reference,
  meanings: Meanings,
  examples: Record<string, Example> = createTypicalExamples(status, reference),
): Record<string, unknown> {
  const headers = ["X-Request-Id"];
  if (status === 401) headers.push("WWW-Authenticate");
  if (status === 429) headers.push("Retry-After");
  return {
    description: meanings.get(status) ?? STATUS_CODES[status],
    headers: Object.fromEntries(
      headers.map((name) => [name, { $ref: `#/components/headers/${name}` }]),
    ),
    content: {
      "application/json": {
        schema: toSchemaRef(toErrorName(reference.toErrorBody)),
        examples: toExamples(examples, ({ answer }) => answer),
      },
    },
  };
}

/** Describes two values, the second of which lacks the optional fields. */
function toShape(most: unknown, least: unknown): JsonSchema {
  if (most === "INVALID_INPUT") return toSchemaRef("ErrorCode");
  if (Array.isArray(most)) return { type: "array" };
  if (typeof most !== "object" || most === null) {
    const types = [most, least].filter((value) => value !== undefined).map(toType);
    return { type: types[0] === types[1] || types.length === 1 ? types[0] : types };
  }
  const known = (least ?? {}) as Record<string, unknown>;
  const properties = Object.entries(most)
    .map(([name, value]) => [name, toShape(value, known[name])]);
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    required: Object.keys(known),
  };
}

function toType(value: unknown): string {
  return value === null ? "null" : typeof value === "number" ? "integer" : typeof value;
}
