/** One file of `prompts/`: front matter in YAML, and the text of the prompt. */
import matter from "gray-matter";
import * as z from "zod/mini";
import type { Assistant, Variable } from "../../shared/assistants/assistant.ts";
import { OPENED_CONTENT } from "../../shared/assistants/open_conversation.ts";
import { fillText, PLACEHOLDER } from "../../shared/assistants/variables.ts";
import { parseValue } from "../../shared/http/body.ts";
import { chatRequest } from "../../shared/request/chat_schemas.ts";
import { nonEmptyText } from "../../shared/request/text_fields.ts";

/** The longest name of a file, and so of an assistant. */
const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;
/** The names of variables. Names that every object has would be found where nothing is given. */
const VARIABLE_NAME = /^[a-z][a-z0-9_]{0,63}$/;
/** Anything that looks like the place of a variable. */
const BRACES = /\{\{([^{}]*)\}\}/g;
/** Texts that InsForge misreads wherever they stand in a function. */
const MISREAD = ["module" + ".exports", "Deno" + ".serve("];
/** Fields that no file opens: they would be instructions, or say the same as the request already does. */
const NEVER_OPEN = new Set([
  ...["system", "instructions", "prompt", "messages", "input"],
  ...["assistant", "variables", "stream"],
]);

const length = z.int().check(z.gte(1), z.lte(100_000));
const about = { description: z.optional(z.string()) };
const number = {
  minimum: z.optional(z.number()),
  maximum: z.optional(z.number()),
  default: z.optional(z.number()),
  ...about,
};

const variable = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("string"),
    max_length: z.optional(length),
    enum: z.optional(z.array(nonEmptyText).check(z.minLength(1))),
    default: z.optional(z.string()),
    ...about,
  }).check(
    z.refine((one) => one.max_length !== undefined || one.enum !== undefined, {
      path: ["max_length"],
      message: "is required, unless the variable has an enum",
    }),
  ),
  z.strictObject({ type: z.literal("number"), ...number }),
  z.strictObject({ type: z.literal("integer"), ...number }),
  z.strictObject({
    type: z.literal("boolean"),
    default: z.optional(z.boolean()),
    ...about,
  }),
]);

const frontMatter = z.strictObject({
  description: z.optional(z.string()),
  version: z.optional(z.union([z.string(), z.number()])),
  model: z.optional(nonEmptyText),
  temperature: z.optional(z.number().check(z.gte(0), z.lte(2))),
  max_tokens: z.optional(z.int().check(z.gte(1))),
  tools: z.optional(z.array(z.looseObject({ type: nonEmptyText }))),
  variables: z.optional(z.record(z.string(), variable)),
  allow: z.optional(z.array(z.string())),
});

/**
 * Checks a prompt file.
 *
 * @param name the name of the file without `.md`.
 * @throws {Error} that says which field is wrong and what would be right; it does not name the file.
 */
export function parsePrompt(name: string, source: string): Assistant {
  if (!NAME.test(name)) {
    throw new Error(
      "The name of the file must be small letters, digits, - and _, at most 64, such as support.md",
    );
  }
  const { fields, text } = splitFile(source);
  const { variables = {}, allow = [], tools, ...rest } = parseValue(fields, frontMatter);
  const declared = Object.fromEntries(
    Object.entries(variables).map(([name, { description: _, ...variable }]) => [name, variable]),
  );
  if (tools && name === "summarize-records") {
    throw new Error('"tools" must be left out, because a summary is written without tools');
  }
  if (tools) parseValue({ prompt: "-", tools }, chatRequest);
  const assistant = { name, text, ...rest, ...tools && { tools }, variables: declared, allow };
  requireOpenable(allow);
  requireVariables(assistant);
  const misread = MISREAD.find((text) => JSON.stringify(assistant).includes(text));
  if (misread) throw new Error(`The file must not contain "${misread}", which InsForge misreads`);
  return assistant;
}

function splitFile(source: string): { fields: unknown; text: string } {
  const { data: fields, content } = readMatter(source.replaceAll("\r\n", "\n"));
  const text = content.trim();
  if (!text) throw new Error("The file must have a text below its front matter");
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    throw new Error("The front matter must be fields, such as model: openai/gpt-4o-mini");
  }
  return { fields, text };
}

function readMatter(source: string): { data: unknown; content: string } {
  // By itself the library would run front matter that begins with `---js`.
  const javascript = () => {
    throw new Error("it is JavaScript");
  };
  try {
    return matter(source, { engines: { javascript } });
  } catch (error) {
    const [reason] = (error as Error).message.split("\n");
    throw new Error(`The front matter must be YAML: ${reason}`, { cause: error });
  }
}

function requireOpenable(allow: string[]): void {
  for (const [i, name] of allow.entries()) {
    if (NEVER_OPEN.has(name)) {
      throw new Error(
        `"allow[${i}]" must not be "${name}", which callers cannot be allowed to set`,
      );
    }
    if (!/^[a-z][a-z0-9_]*$/.test(name)) {
      const words = OPENED_CONTENT.join(", ");
      throw new Error(`"allow[${i}]" must be the name of a request's field, or one of ${words}`);
    }
  }
}

/** Rejects variables and places for them that do not match, and defaults outside the limits. */
function requireVariables(assistant: Assistant): void {
  const { text, variables } = assistant;
  for (const [name, { minimum = -Infinity, maximum = Infinity }] of Object.entries(variables)) {
    if (name in {}) throw new Error(`"variables.${name}" must have another name`);
    if (!VARIABLE_NAME.test(name)) {
      throw new Error(`"variables.${name}" must have a name of small letters, digits and _`);
    }
    if (minimum > maximum) throw new Error(`"variables.${name}.minimum" must not exceed "maximum"`);
    if (!text.match(PLACEHOLDER)?.some((place) => place.slice(2, -2).trim() === name)) {
      throw new Error(`"variables.${name}" must be used in the text, as {{${name}}}`);
    }
  }
  for (const [place, name = ""] of text.matchAll(BRACES)) {
    if (Object.hasOwn(variables, name.trim())) continue;
    throw new Error(`${place} in the text must be declared in "variables"`);
  }
  requireDefaults(assistant);
}

function requireDefaults(assistant: Assistant): void {
  const withDefault = Object.entries(assistant.variables)
    .filter(([, variable]) => variable.default !== undefined);
  const required: [string, Variable][] = withDefault
    .map(([name, variable]) => [name, { ...variable, default: undefined }]);
  const values = Object.fromEntries(withDefault.map(([name, { default: value }]) => [name, value]));
  try {
    fillText({ ...assistant, text: "", variables: Object.fromEntries(required) }, values);
  } catch (error) {
    const { message } = error as Error;
    throw new Error(message.replace(/^"([^"]+)"/, '"$1.default"'), { cause: error });
  }
}
