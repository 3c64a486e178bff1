/** Converts one operation of a function's `reference.ts` to its entry in the document. */
import { formatEvents, isGood, toExamples } from "./examples.ts";
import { createRefusal, type Meanings, toErrorName } from "./failures.ts";
import { type JsonSchema, toSchemaRef } from "./json_schema.ts";
import type { Example, Operation, Reference, Schema, Shape } from "./operation.ts";

/** What an entry is made of besides the operation. */
export interface Context {
  slug: string;
  reference: Reference;
  /**
   * Converts a schema to JSON Schema.
   *
   * @param path where it is below `operations` in `reference.ts`; absent for responses.
   */
  describe(schema: Schema, path?: string[]): JsonSchema;
  meanings: Meanings;
}

/** Creates the entry of one operation, which is named by method and route. */
export function createEntry(context: Context, key: string): Record<string, unknown> {
  const { slug, reference } = context;
  const operation = reference.operations[key]!;
  const { summary, request, errors, caller, status = 200 } = operation;
  const examples = selectExamples(operation, isGood);
  const parameters = createParameters(context, key, examples);
  const refusals = errors.map((status) => [status, toRefusal(context, operation, status)]);
  return {
    operationId: toOperationId(slug, key),
    tags: [slug],
    summary,
    deprecated: reference.deprecated,
    security: caller && [{ [caller]: [] }],
    parameters: parameters.length > 0 ? parameters : undefined,
    requestBody: request && {
      required: true,
      content: {
        "application/json": {
          schema: context.describe(request, [key, "request"]),
          examples: toExamples(examples, (example) => example.request),
        },
      },
    },
    responses: {
      [status]: createAnswer(context, operation, examples),
      ...Object.fromEntries(refusals),
    },
  };
}

/** A route as OpenAPI writes it: `/models/:id{.+}` of `v1` is `/v1/models/{id}`. */
export function toPath(slug: string, route: string): string {
  return `/${slug}${route === "/" ? "" : route.replaceAll(/:(\w+)(\{[^}]*\})?/g, "{$1}")}`;
}

/**
 * `POST /chat/completions` of `v1` is `v1-chat-completions`; other methods than POST are appended.
 */
function toOperationId(slug: string, key: string): string {
  const [method, ...words] = key.match(/\w+/g)!;
  return [slug, ...words, ...(method === "POST" ? [] : [method.toLowerCase()])].join("-");
}

function createParameters(
  context: Context,
  key: string,
  examples: Record<string, Example>,
): object[] {
  const { query } = context.reference.operations[key]!;
  const create = (place: string, required: boolean, name: string, given: JsonSchema) => {
    const { description, ...schema } = given;
    const values = toExamples(examples, ({ parameters }) => parameters?.[name]);
    return { name, in: place, required, description, schema, examples: values };
  };
  const inPath = [...key.matchAll(/:(\w+)/g)]
    .map(([, name = ""]) => create("path", true, name, { type: "string" }));
  if (!query) return inPath;
  const { properties = {}, required = [] } = context.describe(query, [key, "query"]);
  const inQuery = Object.entries(properties)
    .map(([name, schema]) => create("query", required.includes(name), name, schema));
  return [...inPath, ...inQuery];
}

function createAnswer(
  context: Context,
  { answer, events, file, errors }: Operation,
  examples: Record<string, Example>,
): Record<string, unknown> {
  const stream = (example: Example) => events && Array.isArray(example.answer);
  // Only operations that cost something have a generation.
  const headers = errors.includes(402) ? ["X-Request-Id", "X-Generation-Id"] : ["X-Request-Id"];
  return {
    description: "The response",
    headers: Object.fromEntries(
      headers.map((name) => [name, { $ref: `#/components/headers/${name}` }]),
    ),
    content: {
      "application/json": answer && {
        schema: toSchema(context, answer),
        examples: toExamples(examples, (one) => stream(one) ? undefined : one.answer),
      },
      ...(file && { [file]: { schema: { type: "string", format: "binary" } } }),
      "text/event-stream": events && {
        schema: {
          type: "string",
          description: "Each event's data is JSON; that of the last may be `[DONE]`.",
          contentMediaType: "application/json",
          contentSchema: toSchema(context, events),
        },
        examples: toExamples(
          examples,
          (one) => stream(one) ? formatEvents(one.answer as unknown[]) : undefined,
        ),
      },
    },
  };
}

function toSchema({ describe }: Context, shape: Shape): JsonSchema {
  if (typeof shape !== "string") return describe(shape);
  const schemas = shape.split(" | ").map(toSchemaRef);
  const [first] = schemas;
  return first && schemas.length === 1 ? first : { anyOf: schemas };
}

/**
 * A reference to the shared response of a status, or a full response if the operation has examples.
 */
function toRefusal(
  { reference: { toErrorBody, ...others }, meanings }: Context,
  operation: Operation,
  status: number,
): object {
  const reference = { ...others, toErrorBody: operation.toErrorBody ?? toErrorBody };
  const examples = selectExamples(operation, (example) => example.status === status);
  return Object.keys(examples).length === 0
    ? { $ref: `#/components/responses/${toErrorName(reference.toErrorBody)}${status}` }
    : createRefusal(status, reference, meanings, examples);
}

function selectExamples(
  { examples }: Operation,
  select: (example: Example) => boolean,
): Record<string, Example> {
  return Object.fromEntries(Object.entries(examples).filter(([, example]) => select(example)));
}
