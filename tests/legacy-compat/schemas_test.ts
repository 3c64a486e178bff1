/** The schemas of legacy-compat against those of InsForge's package, which they replace. */
import {
  chatCompletionRequestSchema,
  embeddingsRequestSchema,
  imageGenerationRequestSchema,
} from "@insforge/shared-schemas";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import * as z from "zod/mini";
import {
  createChatSchema,
  embeddingsSchema,
  imageSchema,
} from "../../functions/legacy-compat/schemas.ts";
import {
  createChatBody,
  embeddingsBody,
  imageBody,
} from "../../functions/legacy-compat/usual_requests.ts";
import { toLegacyMessage } from "../../functions/legacy-compat/validation_messages.ts";
import { createSettings } from "../../shared/settings.ts";
import { createHostileBody, createRandom, readSeed } from "../support/hostile_json.ts";

const BODIES = 1_000;
const chat = {
  model: "openai/gpt-4o-mini",
  messages: [
    { role: "system", content: "Be brief" },
    {
      role: "user",
      content: [
        { type: "text", text: "Hi" },
        { type: "image_url", image_url: { url: "https://a.example/x.png", detail: "low" } },
        { type: "input_audio", input_audio: { data: "AAAA", format: "wav" } },
        { type: "file", file: { filename: "a.pdf", file_data: "https://a.example/a.pdf" } },
      ],
      images: [{ url: "https://a.example/y.png" }],
    },
    {
      role: "assistant",
      tool_calls: [{ id: "1", type: "function", function: { name: "f", arguments: "{}" } }],
    },
    { role: "tool", content: "42", tool_call_id: "1" },
  ],
  temperature: 0.5,
  maxTokens: 100,
  topP: 1,
  stream: true,
  webSearch: { enabled: true, engine: "exa", maxResults: 3, searchPrompt: "x" },
  fileParser: { enabled: true, pdf: { engine: "native" } },
  thinking: false,
  tools: [{ type: "function", function: { name: "f", parameters: { type: "object" } } }],
  toolChoice: { type: "function", function: { name: "f" } },
  parallelToolCalls: true,
};

const rows = [
  { ours: createChatSchema(createSettings()), theirs: chatCompletionRequestSchema, example: chat },
  {
    ours: embeddingsSchema,
    theirs: embeddingsRequestSchema,
    example: { model: "m", input: ["a", "b"], encoding_format: "float", dimensions: 3 },
  },
  {
    ours: imageSchema,
    theirs: imageGenerationRequestSchema,
    example: { model: "m", prompt: "a", images: [{ url: "u" }] },
  },
];
for (const [i, { ours, theirs, example }] of rows.entries()) {
  Deno.test(`schema ${i + 1} accepts what InsForge's schema accepts, and words issues as it does`, () => {
    const seed = readSeed();
    const random = createRandom(seed);
    for (let n = 0; n < BODIES; n++) {
      const text = n === 0 ? JSON.stringify(example) : createHostileBody(random, example);
      if (text.includes("1e400")) continue; // zod 3 takes infinity for a number that is too big
      const body = parse(text);
      const expected = theirs.safeParse(body);
      const actual = z.safeParse(ours as z.ZodMiniType, body, { reportInput: true });
      assertEquals(
        actual.success ? actual.data : actual.error.issues.map(toLegacyMessage),
        expected.success ? expected.data : expected.error.errors.map(({ message }) => message),
        `seed ${seed}: ${text.slice(0, 2_000)}`,
      );
    }
  });
}

Deno.test("the schemas accept every usual request as it is", () => {
  const value = (...usual: fc.Arbitrary<unknown>[]) => fc.oneof(...usual, fc.anything());
  const message = fc.record({
    role: fc.constantFrom("user", "system", "assistant", "tool"),
    content: value(fc.string()),
    images: fc.constant([]),
  }, { requiredKeys: ["role"] });
  const request = fc.record({
    model: value(fc.string()),
    messages: value(fc.array(message, { maxLength: 2 })),
    prompt: fc.string(),
    input: value(fc.string(), fc.array(fc.string())),
    temperature: value(fc.double({ min: -1, max: 3 })),
    topP: value(fc.double({ min: -1, max: 2 })),
    maxTokens: value(fc.integer({ min: -1, max: 20_000 }), fc.double()),
    stream: value(fc.boolean()),
    unknown: fc.anything(),
  }, { requiredKeys: [] });
  const usualMessage = fc.record({ role: fc.constant("user"), content: fc.string() });
  const only = (...names: string[]) =>
    fc.tuple(request, fc.string(), fc.array(usualMessage)).map(([given, model, messages]) =>
      Object.fromEntries(
        Object.entries({ ...given, model, messages }).filter(([name]) => names.includes(name)),
      )
    );
  const numbers = ["temperature", "topP", "maxTokens"].map((name) =>
    only("model", "messages", "stream", name)
  );
  const settings = createSettings();
  const bodies = [
    [createChatBody(settings), createChatSchema(settings)],
    [imageBody, imageSchema],
    [embeddingsBody, embeddingsSchema],
  ] as const;
  const usual = bodies.map(() => 0);
  const values = [request, ...numbers, only("model", "prompt"), only("model", "input")];
  fc.assert(
    fc.property(fc.oneof(...values, fc.anything()), (value) => {
      for (const [i, [body, schema]] of bodies.entries()) {
        if (!body.isUsual(value)) continue;
        usual[i]!++;
        assertEquals(schema.parse(value) as unknown, value);
      }
    }),
    { seed: 20_261_129, numRuns: 8_000 },
  );
  for (const count of usual) assert(count > 200, `usual requests by route: ${usual}`);
});

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
