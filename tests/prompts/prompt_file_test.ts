/** What a prompt file may hold, and what is said about one that is wrong. */
import { assertEquals, assertThrows } from "@std/assert";
import { parsePrompt } from "../../tools/prompts/prompt_file.ts";

const FILE = `---
description: Answers questions
version: 2
model: openai/gpt-4o-mini
temperature: 0.3
max_tokens: 600
tools:
  - type: function
    function: { name: lookup, parameters: { type: object } }
variables:
  product: { type: string, max_length: 60, description: What it is about }
  seats: { type: integer, minimum: 1, maximum: 500, default: 5 }
allow: [temperature, images]
---

You answer questions about {{product}}, for {{ seats }} people.
`;

Deno.test("reads the front matter and the text of a prompt file", () => {
  assertEquals(parsePrompt("support", FILE), {
    name: "support",
    text: "You answer questions about {{product}}, for {{ seats }} people.",
    description: "Answers questions",
    version: 2,
    model: "openai/gpt-4o-mini",
    temperature: 0.3,
    max_tokens: 600,
    tools: [{ type: "function", function: { name: "lookup", parameters: { type: "object" } } }],
    variables: {
      product: { type: "string", max_length: 60 },
      seats: { type: "integer", minimum: 1, maximum: 500, default: 5 },
    },
    allow: ["temperature", "images"],
  });
});

Deno.test("reads a file without front matter, and one with the line ends of Windows", () => {
  const plain = { name: "plain", text: "Be brief.", variables: {}, allow: [] };
  assertEquals(parsePrompt("plain", "Be brief.\n"), plain);
  assertEquals(parsePrompt("plain", "---\r\nversion: a\r\n---\r\nBe brief.\r\n"), {
    ...plain,
    version: "a",
  });
});

const WITH = (front: string, text = "Be brief.") => `---\n${front}\n---\n${text}\n`;
const FAULTS: [what: string, source: string, message: string][] = [
  ["an unknown field", WITH("modell: x"), '"modell" is not a known field'],
  ["a temperature that is a text", WITH("temperature: hot"), '"temperature" must be a number'],
  ["a temperature above 2", WITH("temperature: 3"), '"temperature" must be 2 or less'],
  ["an output limit of 0", WITH("max_tokens: 0"), '"max_tokens" must be 1 or more'],
  ["a tool without a type", WITH("tools: [{}]"), '"tools[0].type" is required'],
  ["a tool without its function", WITH("tools: [{type: function}]"), '"tools[0].function" is req'],
  ["front matter that is not YAML", WITH("a: ["), "The front matter must be YAML: "],
  ["front matter that is JavaScript", "---js\n{}\n---\nHi", "must be YAML: it is JavaScript"],
  ["front matter that is a list", WITH("- a"), "The front matter must be fields"],
  ["no text", "---\nversion: 1\n---\n", "must have a text below its front matter"],
  [
    "a variable without a type",
    WITH("variables: { a: {} }", "{{a}}"),
    '"variables.a.type" is required',
  ],
  [
    "a string without a limit",
    WITH("variables: { a: { type: string } }", "{{a}}"),
    '"variables.a.max_length" is required, unless the variable has an enum',
  ],
  [
    "a default above its limit",
    WITH("variables: { a: { type: string, max_length: 2, default: abc } }", "{{a}}"),
    '"variables.a.default" must have at most 2 characters',
  ],
  [
    "limits that contradict each other",
    WITH("variables: { a: { type: number, minimum: 2, maximum: 1 } }", "{{a}}"),
    '"variables.a.minimum" must not exceed "maximum"',
  ],
  [
    "a variable that is not used",
    WITH("variables: { a: { type: boolean } }"),
    '"variables.a" must be used in the text, as {{a}}',
  ],
  [
    "a place for a variable that is not declared",
    WITH("version: 1", "Hello {{ user.name }}"),
    '{{ user.name }} in the text must be declared in "variables"',
  ],
  [
    "a variable with the name of a property of every object",
    WITH("variables: { constructor: { type: boolean } }", "{{constructor}}"),
    '"variables.constructor" must have another name',
  ],
  [
    "a variable with capitals",
    WITH("variables: { A: { type: boolean } }", "{{A}}"),
    '"variables.A" must have a name of small letters, digits and _',
  ],
  ["system messages of callers", WITH("allow: [system]"), '"allow[0]" must not be "system"'],
  ["a field with a space", WITH('allow: ["a b"]'), '"allow[0]" must be the name of a request\'s f'],
  [
    "a text that InsForge misreads",
    WITH("version: 1", "Write Deno" + ".serve(handler)."),
    'must not contain "Deno' + '.serve(", which InsForge misreads',
  ],
];

for (const [what, source, message] of FAULTS) {
  Deno.test(`rejects a prompt file with ${what}`, () => {
    assertThrows(() => parsePrompt("support", source), Error, message);
  });
}

Deno.test("rejects tools in the prompt for summaries", () => {
  const source = WITH("tools: [{ type: openrouter:datetime }]");
  assertThrows(() => parsePrompt("summarize-records", source), Error, '"tools" must be left out');
});

Deno.test("rejects the name of a file that no request could name", () => {
  for (const name of ["Support", "a b", "", "-a", "a/b", "x".repeat(65)]) {
    assertThrows(() => parsePrompt(name, "Be brief."), Error, "The name of the file must be");
  }
});
