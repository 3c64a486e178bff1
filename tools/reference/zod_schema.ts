/** Converts schemas of zod 4 to JSON Schema. */
import * as z from "zod/mini";
import type { ZodMiniType } from "zod/mini";
import type { JsonSchema } from "./json_schema.ts";

/**
 * Converts a schema to JSON Schema.
 *
 * JSON Schema cannot express custom checks. They are described by the message that a caller gets.
 */
export function toJsonSchema(schema: ZodMiniType): JsonSchema {
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

interface Check {
  _zod: { def: { check: string; path?: string[]; error?: (issue: unknown) => unknown } };
}

/** The message of a custom check, as callers get it. */
function describeCheck({ _zod: { def } }: Check): string[] {
  if (def.check !== "custom" || !def.error) return [];
  const message = String(def.error({}));
  return [def.path ? `"${def.path.join(".")}" ${message}` : message];
}
