/** Converts the types of responses to schemas. */
import * as generator from "ts-json-schema-generator";
import { type JsonSchema, mapSchemas, toSchemaRef } from "./json_schema.ts";
import { findDeclaration, type Sources } from "./program.ts";

const DEFINITIONS = "#/definitions/";
/** Names that OpenAPI allows for schemas. */
const NAME = /^[\w.-]+$/;

/** Creates the schemas of exported types and of all types they refer to, by name. */
export function createAnswerSchemas(
  sources: Sources,
  names: string[],
): Record<string, JsonSchema> {
  const config: generator.CompletedConfig = {
    ...generator.DEFAULT_CONFIG,
    tsProgram: sources.program,
    // A client must accept unknown fields.
    additionalProperties: true,
    encodeRefs: false,
    sortProps: false,
  };
  const schemas = new generator.SchemaGenerator(
    sources.program,
    generator.createParser(sources.program, config),
    generator.createFormatter(config),
    config,
  );
  const found = new Map<string, JsonSchema>();
  for (const name of names) {
    // One by one, because the generator silently keeps the last of several types with one name.
    const { definitions } = schemas.createSchemaFromNodes([findDeclaration(sources, name)]);
    for (const [name, schema] of Object.entries(definitions as Record<string, JsonSchema>)) {
      const known = found.get(name);
      if (known && JSON.stringify(known) !== JSON.stringify(schema)) {
        throw new Error(`"${name}" names two types; each type in a response needs its own name`);
      }
      found.set(name, schema);
    }
  }
  const named = [...found].filter(([name]) => NAME.test(name));
  return mapSchemas(Object.fromEntries(named), (schema) => toComponent(schema, found));
}

/**
 * Converts a reference to the document's form; a schema without a valid name is inserted in place.
 */
function toComponent(schema: JsonSchema, found: Map<string, JsonSchema>): JsonSchema {
  const { $ref, ...rest } = schema;
  if (!$ref?.startsWith(DEFINITIONS)) return schema;
  const name = $ref.slice(DEFINITIONS.length);
  if (NAME.test(name)) return { ...rest, ...toSchemaRef(name) };
  return { ...mapSchemas(found.get(name)!, (inner) => toComponent(inner, found)), ...rest };
}
