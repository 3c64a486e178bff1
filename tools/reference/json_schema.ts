/** The parts of JSON Schema 2020-12 that are used here. */
export interface JsonSchema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  items?: boolean | JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  not?: JsonSchema;
  [keyword: string]: unknown;
}

/** Rebuilds a schema and all schemas inside it, innermost first. */
export function mapSchemas<T>(value: T, change: (schema: JsonSchema) => JsonSchema): T {
  if (Array.isArray(value)) return value.map((item) => mapSchemas(item, change)) as T;
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).map(([key, inner]) => [key, mapSchemas(inner, change)]);
  return change(Object.fromEntries(fields)) as T;
}

/** Creates a reference to a schema of the document. */
export function toSchemaRef(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}
