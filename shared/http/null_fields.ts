/** `null` for an optional field means that the field was left out. */
import type * as z from "zod/mini";
import { findIssue } from "./schema_issues.ts";

/**
 * Deletes fields that are `null` where a schema says that they are optional and not `null`.
 *
 * Fields unknown to the schema keep their `null`, because they are passed on unchanged.
 *
 * @param value a parsed JSON value; it is changed in place.
 * @returns whether a field was deleted.
 */
export function dropNullFields(value: unknown, schema: z.ZodMiniType): boolean {
  return dropWithin(value, schema);
}

function dropWithin(value: unknown, schema: z.core.$ZodType): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "optional":
    case "nullable":
      return dropWithin(value, def.innerType);
    case "union":
      return def.options.map((option) => dropWithin(value, option)).includes(true);
    case "array":
      return Array.isArray(value) &&
        value.map((item) => dropWithin(item, def.element)).includes(true);
    case "object":
      return Object.entries(def.shape)
        .map(([name, field]) => dropField(value as Record<string, unknown>, name, field))
        .includes(true);
    default:
      return false;
  }
}

function dropField(
  object: Record<string, unknown>,
  name: string,
  schema: z.core.$ZodType,
): boolean {
  if (!Object.hasOwn(object, name)) return false;
  if (object[name] !== null) return dropWithin(object[name], schema);
  const isOptional = schema._zod.optin === "optional";
  if (!isOptional || !findIssue(null, schema)) return false;
  delete object[name];
  return true;
}
