/** Converts the schemas that check requests to JSON Schema. */
import { zodToJsonSchema } from "zod-to-json-schema";
import * as z from "zod/mini";
import ts from "typescript";
import type { JsonSchema } from "./json_schema.ts";
import type { LegacySchema, Schema } from "./operation.ts";

/**
 * Converts a schema to JSON Schema.
 *
 * JSON Schema cannot express custom checks. They are described by the message that a caller gets.
 */
export function toJsonSchema(schema: Schema): JsonSchema {
  if (isLegacy(schema)) {
    const { $schema: _, ...described } = zodToJsonSchema(schema as never, {
      target: "jsonSchema7",
      $refStrategy: "none",
    });
    return described as JsonSchema;
  }
  const { $schema: _, ...described } = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      const { type, checks = [] } = zodSchema._zod.def as { type: string; checks?: Check[] };
      const said = checks.flatMap(describeCheck);
      if (said.length > 0) jsonSchema.description = `Otherwise refused: ${said.join("; ")}`;
      if (type === "undefined") jsonSchema.not = {};
      // The largest safe integer of JavaScript is not a limit of the schema.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  return described as JsonSchema;
}

/**
 * Adds the docstrings of a schema's fields, which TypeScript passes on to the fields of the
 * inferred type.
 */
export function describeFields(
  schema: JsonSchema,
  type: ts.Type,
  checker: ts.TypeChecker,
): JsonSchema {
  const types = type.isUnion() ? type.types : [type];
  const inner = { ...schema };
  for (const keyword of ["anyOf", "oneOf"] as const) {
    inner[keyword] = schema[keyword]?.map((one) => describeFields(one, type, checker));
  }
  const items = types.filter((one) => checker.isArrayType(one))
    .map((array) => checker.getTypeArguments(array as ts.TypeReference)[0]);
  if (typeof schema.items === "object" && items[0]) {
    inner.items = describeFields(schema.items, items[0], checker);
  }
  const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const [found] = types.flatMap((one) => checker.getPropertyOfType(one, name) ?? []);
    if (!found) return [name, field];
    const docs = ts.displayPartsToString(found.getDocumentationComment(checker));
    const described = describeFields(field, checker.getTypeOfSymbol(found), checker);
    const description = [docs, described.description].filter(Boolean).join(" ") || undefined;
    return [name, { ...described, description }];
  });
  if (schema.properties) inner.properties = Object.fromEntries(fields);
  return inner;
}

interface Check {
  _zod: { def: { check: string; path?: string[]; error?: (issue: unknown) => unknown } };
}

/** The message of a custom check, as callers get it. */
function describeCheck({ _zod: { def } }: Check): string[] {
  if (def.check !== "custom" || !def.error) return [];
  const message = String(def.error({}));
  return [def.path ? `"${def.path.join(".")}" ${message}` : message];
}

function isLegacy(schema: Schema): schema is LegacySchema {
  return "_def" in schema && !("_zod" in schema);
}
