import { assert, assertNotMatch } from "@std/assert";
import chat from "../../../functions/chat/index.ts";
import embeddings from "../../../functions/embeddings/index.ts";
import imageGen from "../../../functions/image-gen/index.ts";
import stream from "../../../functions/stream/index.ts";
import summarizeRecords from "../../../functions/summarize-records/index.ts";
import { createEnvironment, send } from "../../support/caller.ts";
import { createHostileBody, createRandom, readSeed } from "../../support/hostile_json.ts";

const BODIES = 400;
const IMAGE = "data:image/png;base64,AAAA";

const conversation = {
  messages: [
    { role: "system", content: "Be brief" },
    {
      role: "user",
      content: [{ type: "text", text: "Hi" }, { type: "image_url", image_url: { url: IMAGE } }],
    },
    { role: "assistant", content: null, tool_calls: [{ id: "1", type: "function" }] },
    { role: "tool", tool_call_id: "1", content: "42" },
  ],
  model: "openai/gpt-4o-mini",
  models: ["openai/gpt-4o"],
  max_tokens: 100,
  max_completion_tokens: 100,
  tools: [
    { type: "function", function: { name: "f", parameters: { type: "object" } } },
    { type: "openrouter:web_search", parameters: { max_results: 3, max_total_results: 5 } },
  ],
  modalities: ["text"],
  n: 1,
};

const cases = [
  { slug: "chat", handler: chat, examples: [conversation, { prompt: "Hi", stream: false }] },
  { slug: "stream", handler: stream, examples: [conversation, { prompt: "Hi", stream: true }] },
  {
    slug: "embeddings",
    handler: embeddings,
    examples: [{ input: ["a", "b"], dimensions: 3, input_type: "x", encoding_format: "float" }],
  },
  {
    slug: "image-gen",
    handler: imageGen,
    examples: [
      { prompt: "a", images: [IMAGE], image_config: { aspect_ratio: "16:9" }, max_tokens: 9 },
      { prompt: "a", n: 2, size: "2K", save: { bucket: "b", prefix: "p/" }, stream: false },
    ],
  },
  {
    slug: "summarize-records",
    handler: summarizeRecords,
    examples: [{
      table: "t",
      columns: ["a", "b"],
      filters: [
        { column: "a", op: "eq", value: 1 },
        { column: "b", op: "in", value: ["x", 2, true] },
        { column: "c", op: "is", value: null },
      ],
      order: { column: "a", ascending: false },
      limit: 10,
      instructions: "short",
      max_tokens: 50,
      stream: false,
    }],
  },
];

for (const { slug, handler, examples } of cases) {
  for (const [i, example] of examples.entries()) {
    Deno.test(`POST /${slug} takes or refuses hostile bodies, and nothing else (${i + 1})`, async () => {
      const seed = readSeed();
      const random = createRandom(seed);
      await using platform = servePlatform();
      const environment = createEnvironment({
        OPENROUTER_BASE_URL: platform.url,
        INSFORGE_BASE_URL: platform.url,
      });
      let refused = 0;
      for (let n = 0; n < BODIES; n++) {
        const raw = createHostileBody(random, example);
        const { status, body, text } = await send(handler, environment, undefined, { raw });
        const context = `HOSTILE_SEED=${seed}, body ${n}: ${status} ${text.slice(0, 300)}\n${
          raw.slice(0, 1_000)
        }`;
        // The platform below responds 402 to everything; 200 is an empty table.
        assert([200, 400, 402, 413].includes(status), context);
        if (status !== 400) continue;
        assert(["INVALID_INPUT", "AI_INVALID_MODEL"].includes(body.error), context);
        assertNotMatch(body.message, /\bundefined\b|\[object |\bNaN\b|must be $|[^.]\.$/, context);
        refused++;
      }
      assert(refused > BODIES / 4 && refused < BODIES, `only ${refused} of ${BODIES} were refused`);
    });
  }
}

/** Both OpenRouter and InsForge at their simplest: no credits, no rows, and room in every bucket. */
function servePlatform() {
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    ({ url }) => {
      const { pathname } = new URL(url);
      if (pathname.startsWith("/api/database")) return Response.json([]);
      if (pathname.startsWith("/api/storage")) return Response.json({ method: "direct" });
      const error = { code: 402, message: "Insufficient credits" };
      return Response.json({ error }, { status: 402 });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
