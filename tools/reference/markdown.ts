/** The API reference as a page of the documentation, made from the OpenAPI document. */
import type { ReferenceDocument, Tag } from "./published.ts";
import type { JsonSchema } from "./json_schema.ts";

const OPENING = `\
# API reference

What does each function accept, and what does it return?

\`\`\`js
const response = await fetch(\`\${functionsUrl}/chat\`, {
  method: "POST",
  headers: { Authorization: \`Bearer \${accessToken}\`, "Content-Type": "application/json" },
  body: JSON.stringify({ prompt: "Three names for a bakery on a hill?" }),
});
const { text, usage } = await response.json();
console.log(text, usage.cost);
\`\`\`

<!-- Written by \`deno task docs\` from the schemas, types and reference.ts files of the functions. -->
`;

const DOCS_PAGE = /`docs\/([\w-]+)\.md`/g;
/** Fields inside fields are listed down to this depth. */
const MAX_DEPTH = 2;

interface Entry {
  tags: string[];
  summary: string;
  security?: Record<string, string[]>[];
  parameters?: {
    name: string;
    in: string;
    required: boolean;
    description?: string;
    schema: JsonSchema;
  }[];
  requestBody?: { content: Record<string, Content> };
  responses: Record<string, { content?: Record<string, Content> }>;
}

interface Content {
  schema: JsonSchema;
  examples?: Record<string, { value: unknown }>;
}

/**
 * Writes the page: one section per function, one subsection per operation.
 *
 * @returns Markdown in the layout of `deno fmt`, so that the file needs no formatting.
 */
export function createPage(given: ReferenceDocument): string {
  // JSON leaves undefined fields out.
  const document: ReferenceDocument = JSON.parse(JSON.stringify(given));
  const { description } = document.info as { description: string };
  const { tags } = document;
  const sections = tags.map((tag) => createSection(document, tag));
  const text = [OPENING.trimEnd(), description, ...sections].join("\n\n") + "\n";
  return text.replaceAll(DOCS_PAGE, "[`docs/$1.md`]($1.md)");
}

function createSection(document: ReferenceDocument, { name, description }: Tag): string {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, entry]) => ({
      path,
      method,
      entry: entry as never as Entry,
    }))
  ).filter(({ entry }) => entry.tags.includes(name));
  return [
    `## ${name}`,
    description,
    ...operations.map(({ path, method, entry }) => {
      const summary = operations.length > 1 ? entry.summary : "";
      return createOperation(document, `${method.toUpperCase()} ${path}`, { ...entry, summary });
    }),
  ].join("\n\n");
}

function createOperation(document: ReferenceDocument, name: string, entry: Entry): string {
  const { summary, security, parameters = [], requestBody, responses } = entry;
  const blocks = [`### \`${name}\``];
  if (summary) blocks.push(`${summary}.`);
  if (security) blocks.push("The caller sends the project's API key, not a user's token.");
  if (parameters.length > 0) {
    const rows = parameters.map(({ name, required, description = "", schema }) =>
      toRequestRow({ name, required, schema: { ...schema, description } }, document)
    );
    blocks.push(toTable("parameter", rows));
  }
  for (const { schema, examples } of Object.values(requestBody?.content ?? {})) {
    const fields = listFields(schema, document);
    if (fields.length > 0) {
      const rows = fields.map((field) => toRequestRow(field, document));
      blocks.push("Request:", toTable("field", rows));
    }
    blocks.push(...formatExample(examples));
  }
  const [success = "200"] = Object.keys(responses).filter((status) => Number(status) < 300);
  for (const [type, { schema, examples }] of Object.entries(responses[success]?.content ?? {})) {
    const isStream = type === "text/event-stream";
    const fields = isStream ? [] : listFields(schema, document);
    const status = success === "200" ? "" : `, with status ${success}`;
    blocks.push(isStream ? "Response, as a stream:" : `Response${status}:`);
    if (fields.length > 0) {
      const rows = fields.map((field) => toResponseRow(field, document));
      blocks.push(toTable("field", rows));
    }
    blocks.push(...formatExample(examples));
  }
  const statuses = Object.keys(responses).filter((status) => status !== success);
  blocks.push(`Errors: ${statuses.join(", ")}.`);
  return blocks.join("\n\n");
}

/** Formats the first example, which is the simplest one. */
function formatExample(examples: Content["examples"] = {}): string[] {
  const [first] = Object.values(examples);
  if (!first) return [];
  const { value } = first;
  return typeof value === "string"
    ? ["```\n" + value.trimEnd() + "\n```"]
    : ["```json\n" + JSON.stringify(value, null, 2) + "\n```"];
}

interface Field {
  name: string;
  required: boolean;
  schema: JsonSchema;
}

/** Lists the fields of an object, and nested fields by their paths. */
function listFields(schema: JsonSchema, document: ReferenceDocument, depth = 1): Field[] {
  const at = resolve(schema, document);
  const choices = at.anyOf ?? at.oneOf ?? [at];
  if (choices.length > 1 || choices[0] !== at) {
    const all = choices.flatMap((one) => listFields(one, document, depth));
    return all.filter(({ name }, i) => all.findIndex((other) => other.name === name) === i);
  }
  return Object.entries(at.properties ?? {}).flatMap(([name, field]) => {
    const resolved = resolve(field, document);
    const required = at.required?.includes(name) ?? false;
    const own: Field = { name, required, schema: resolved };
    if (depth >= MAX_DEPTH) return [own];
    const isList = typeof resolved.items === "object";
    const inner = isList ? resolved.items as JsonSchema : resolved;
    const nested = listFields(inner, document, depth + 1)
      .map((field) => ({ ...field, name: `${name}${isList ? "[]" : ""}.${field.name}` }));
    return [own, ...nested];
  });
}

function toRequestRow({ name, required, schema }: Field, document: ReferenceDocument): string[] {
  const text = [required ? "Required." : "", schema.description].filter(Boolean).join(" ");
  return [`\`${name}\``, toTypeText(schema, document), text];
}

function toResponseRow({ name, required, schema }: Field, document: ReferenceDocument): string[] {
  const { description = "" } = schema;
  return [`\`${name}${required ? "" : "?"}\``, toTypeText(schema, document), description];
}

function toTypeText(schema: JsonSchema, document: ReferenceDocument): string {
  const { type, items, anyOf, oneOf, enum: words, const: word, minimum, maximum, maxItems } =
    resolve(schema, document);
  if (word !== undefined) return `\`${JSON.stringify(word)}\``;
  if (Array.isArray(words)) {
    return words.map((one) => `\`${JSON.stringify(one)}\``).join(" or ");
  }
  const choices = anyOf ?? oneOf;
  if (choices) {
    return [...new Set(choices.map((one) => toTypeText(one, document)))].join(" or ");
  }
  if (Array.isArray(type)) return type.join(" or ");
  if (type === "array") {
    const most = typeof maxItems === "number" ? `, at most ${maxItems}` : "";
    const item = typeof items === "object" ? toTypeText(items, document) : "any value";
    return `list of ${
      item.replaceAll(/\b(string|number|integer|boolean|object)\b/g, "$1s")
    }${most}`;
  }
  if (typeof minimum === "number" && typeof maximum === "number") {
    return `${type} from ${minimum} to ${maximum}`;
  }
  return type ?? "any value";
}

/** Follows a reference; a description beside the reference takes precedence. */
function resolve(schema: JsonSchema, document: ReferenceDocument): JsonSchema {
  const name = schema.$ref?.split("/").at(-1);
  const schemas = document.components.schemas as Record<string, JsonSchema>;
  const target = name === undefined ? undefined : schemas[name];
  if (!target) return schema;
  const { $ref: _, ...rest } = schema;
  return resolve({ ...target, description: undefined, ...rest }, document);
}

/** A Markdown table with its columns padded, as `deno fmt` lays it out. */
function toTable(first: string, rows: string[][]): string {
  const cells = [[first, "type", "description"], ...rows]
    .map((row) => row.map((cell) => cell.replaceAll(/\s+/g, " ").replaceAll("|", "\\|")));
  const widths = [0, 1, 2].map((i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
  const lines = cells.map((row) => toLine(row.map((cell, i) => cell.padEnd(widths[i] ?? 0))));
  const rule = toLine(widths.map((width) => "-".repeat(width)));
  return [lines[0], rule, ...lines.slice(1)].join("\n");
}

function toLine(cells: string[]): string {
  return `| ${cells.join(" | ")} |`;
}
