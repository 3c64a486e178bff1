/**
 * The API reference: one OpenAPI 3.1 document of all functions.
 * https://spec.openapis.org/oas/v3.1.1
 */
import { existsSync } from "node:fs";
import { toErrorBody, toErrorEvent } from "../../shared/errors.ts";
import { openApp } from "../app.ts";
import { listSlugs } from "../functions.ts";
import { createAnswerSchemas } from "./answer_schemas.ts";
import { createEntry, toPath } from "./entry.ts";
import {
  createRefusal,
  describeError,
  type Meanings,
  readMeanings,
  type RenderError,
  toErrorName,
} from "./failures.ts";
import type { JsonSchema } from "./json_schema.ts";
import { createTag, loadReference } from "./loading.ts";
import type { Operation, Reference, Schema } from "./operation.ts";
import type { ReferenceDocument } from "./published.ts";
import { findSchemaType, readSources, type Sources, toReferencePath } from "./program.ts";
import { describeFields, toAnyJsonSchema } from "./request_schema.ts";

type References = Map<string, Reference>;

const ROOT = new URL("../../", import.meta.url);

const RULES = `\
**Caller.** Send the access token of a signed-in InsForge user, as \`Authorization: Bearer <token>\`. \
Operations for the project's API key say so.

**Request.** A JSON object. Fields of OpenRouter that are not listed pass through unchanged; a \
value that cannot be honoured is a 400 that names the field. On hosts without sub-paths the path \
below a slug is a query parameter: \`/v1?route=chat/completions\` is \`/v1/chat/completions\`.

**Response.** JSON or, where an operation says so, \`text/event-stream\`. \`X-Request-Id\` is the \
request in the log, \`X-Generation-Id\` the generation at OpenRouter. CORS headers are on every \
response, errors included; \`ALLOWED_ORIGINS\` lists the origins that may read it.

**Errors.** Each status and code is explained in \`docs/troubleshooting.md\`. A call to OpenRouter \
that may succeed when repeated is tried up to three times, as long as nothing was delivered. A \
stream that fails after its first byte ends with one \`StreamError\`, and without \`[DONE]\`.`;

const HEADERS = {
  "X-Request-Id": "The request in the log; the caller's own id, if it sent one",
  "X-Generation-Id": "The generation at OpenRouter, if there was one",
  "Retry-After": "Seconds until the same request may succeed, if known",
  "WWW-Authenticate": "`Bearer`",
};

/** Creates the document from the sources, in about two seconds. */
export async function createDocument(): Promise<ReferenceDocument> {
  const [references, meanings] = await Promise.all([loadReferences(), readMeanings()]);
  const sources = readSources();
  const { version } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const paths: ReferenceDocument["paths"] = {};
  for (const [slug, reference] of references) {
    for (const key of Object.keys(reference.operations)) {
      const [method = "", route = ""] = key.split(" ");
      const describe = (schema: Schema, path?: string[]) =>
        describeSchema(schema, { slug, sources, path });
      const entry = createEntry({ slug, reference, describe, meanings }, key);
      (paths[toPath(slug, route)] ??= {})[method.toLowerCase()] = entry;
    }
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "insforge-ai-functions",
      version,
      description: RULES,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    security: [{ user: [] }],
    tags: await Promise.all([...references].map(([slug, one]) => createTag(openApp(), slug, one))),
    paths: sortFields(paths),
    components: {
      securitySchemes: {
        user: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description: "The access token of a signed-in InsForge user",
        },
        administrator: {
          type: "http",
          scheme: "bearer",
          description:
            "The project's API key, which `x-api-key` may hold as well; for servers only",
        },
      },
      headers: toHeaders(HEADERS),
      schemas: sortFields(createSchemas(references, sources)),
      responses: sortFields(createRefusals(references, meanings)),
    },
  };
}

/** Converts a schema to JSON Schema, with the docstrings of the type that it accepts. */
function describeSchema(
  schema: Schema,
  { slug, sources, path }: { slug: string; sources: Sources; path?: string[] },
): JsonSchema {
  const described = toAnyJsonSchema(schema);
  const type = path && findSchemaType(sources, slug, ["operations", ...path]);
  return type ? describeFields(described, type, sources.checker) : described;
}

/**
 * Loads the `reference.ts` of every function that has one, by slug, deprecated functions last. It
 * prints a line for each function without one.
 */
export async function loadReferences(slugs = listSlugs()): Promise<Map<string, Reference>> {
  const modules = slugs.filter(hasReference).map(async (slug) => {
    return [slug, await loadReference(openApp(), slug)] as const;
  });
  const isOld = ([, { deprecated }]: readonly [string, Reference]) => Number(deprecated ?? false);
  return new Map((await Promise.all(modules)).sort((a, b) => isOld(a) - isOld(b)));
}

function hasReference(slug: string): boolean {
  const path = toReferencePath(slug);
  if (existsSync(path)) return true;
  console.error(
    `The API reference leaves out "${slug}": functions/${slug}/reference.ts is missing`,
  );
  return false;
}

function toHeaders(descriptions: Record<string, string>): Record<string, unknown> {
  const schema = { type: "string" };
  return Object.fromEntries(
    Object.entries(descriptions).map(([name, description]) => [name, { description, schema }]),
  );
}

function createSchemas(references: References, sources: Sources): Record<string, JsonSchema> {
  const operations = [...references.values()].flatMap((one) => Object.values(one.operations));
  const types = new Set(["ErrorCode", ...operations.flatMap(listTypes)]);
  const errors = listRenders(references)
    .map((render): [string, JsonSchema] => [toErrorName(render), describeError(render)]);
  for (const [name] of [["StreamError"], ...errors]) types.delete(name);
  return {
    ...createAnswerSchemas(sources, [...types]),
    ...Object.fromEntries(errors),
    StreamError: describeError((error) => JSON.parse(toErrorEvent(error))),
  };
}

function createRefusals(references: References, meanings: Meanings): Record<string, unknown> {
  const refusals = [...references.values()].flatMap((reference) => {
    return Object.values(reference.operations).flatMap(({ errors, toErrorBody }) => {
      const render = toErrorBody ?? reference.toErrorBody;
      return errors.map((status) =>
        [
          `${toErrorName(render)}${status}`,
          createRefusal(status, { ...reference, toErrorBody: render }, meanings),
        ] as const
      );
    });
  });
  return Object.fromEntries(refusals);
}

function listRenders(references: References): RenderError[] {
  const own = [...references.values()].flatMap((reference) => [
    reference.toErrorBody,
    ...Object.values(reference.operations).flatMap((one) => one.toErrorBody ?? []),
  ]);
  return [...new Set(own.map((render) => render ?? toErrorBody))];
}

function listTypes({ answer, events }: Operation): string[] {
  return [answer, events].flatMap((shape) => typeof shape === "string" ? shape.split(" | ") : []);
}

function sortFields<T>(fields: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => a < b ? -1 : 1));
}
