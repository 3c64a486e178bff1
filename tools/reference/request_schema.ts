/** Converts the schemas that check requests to JSON Schema. */
import { zodToJsonSchema } from "zod-to-json-schema";
import ts from "typescript";
import type { JsonSchema } from "./json_schema.ts";
import type { LegacySchema, Schema } from "./operation.ts";
import { toJsonSchema } from "./zod_schema.ts";

/** Converts a schema of zod 4 or zod 3 to JSON Schema. */
export function toAnyJsonSchema(schema: Schema): JsonSchema {
  if (!isLegacy(schema)) return toJsonSchema(schema);
  const { $schema: _, ...described } = zodToJsonSchema(schema as never, {
    target: "jsonSchema7",
    $refStrategy: "none",
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

function isLegacy(schema: Schema): schema is LegacySchema {
  return "_def" in schema && !("_zod" in schema);
}
