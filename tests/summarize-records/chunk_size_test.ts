import { assertEquals } from "@std/assert";
import { readChunkBytes } from "../../functions/summarize-records/chunk_size.ts";
import type { Fields } from "../../shared/fields.ts";
import { createSettings } from "../../shared/settings.ts";
import { createEnvironment } from "../support/caller.ts";
import { createUpstream, type Upstream } from "../support/upstream.ts";

const DATA = [
  { id: "openai/gpt-4o-mini", context_length: 128_000 },
  { id: "a/small", context_length: 16_000, top_provider: { context_length: 8_192 } },
  { id: "a/large", context_length: 1_000_000, top_provider: { context_length: null } },
  { id: "a/silent", context_length: null },
];

function read(upstream: Upstream, options: Fields, bytes = 1_000_000): Promise<number> {
  const call = {
    request: new Request("http://functions.test/"),
    settings: createSettings(createEnvironment({ OPENROUTER_BASE_URL: upstream.url })),
    elapsedMs: () => 0,
  };
  return readChunkBytes(call, { bytes, options, instructions: undefined });
}

Deno.test("readChunkBytes leaves room for the prompt and the output in the model's context", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: { data: DATA } });
  const usual = 2 * (128_000 - 400 - 4_096);
  assertEquals(await read(upstream, {}), usual);
  assertEquals(await read(upstream, { model: "openai/gpt-4o-mini:nitro" }), usual);
  assertEquals(await read(upstream, { max_tokens: 100 }), 2 * (128_000 - 400 - 100));
  assertEquals(await read(upstream, { model: "a/small" }), 2 * (8_192 - 400 - 4_096));
  assertEquals(await read(upstream, { model: "a/large" }), 400_000);
  assertEquals(
    await read(upstream, { models: ["a/large", "a/small"] }),
    2 * (8_192 - 400 - 4_096),
    "the smallest of several models counts",
  );
});

Deno.test("readChunkBytes takes 100 kB where the context length is unknown", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: { data: DATA } });
  for (const model of ["a/silent", "a/unknown"]) {
    assertEquals(await read(upstream, { model }), 100_000);
  }
  await using broken = await createUpstream();
  broken.reply({ status: 404, text: "<html>" });
  assertEquals(await read(broken, {}), 100_000);
});

Deno.test("readChunkBytes does not read the catalogue for a few rows", async () => {
  await using upstream = await createUpstream();
  assertEquals(await read(upstream, {}, 6_000), 6_000);
  assertEquals(upstream.requests.length, 0);
});
