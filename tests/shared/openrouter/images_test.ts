/** Images of OpenRouter's image API, and responses that hold none. */
import { assertEquals } from "@std/assert";
import { createUpstream } from "../../support/upstream.ts";
import { probe } from "./openrouter_probe.ts";

Deno.test("returns the images as OpenRouter sent them", async () => {
  await using upstream = await createUpstream();
  const json = { created: 1, data: [{ b64_json: "AA", media_type: "image/webp" }] };
  upstream.reply({ json });
  const { body } = await probe("/images", upstream, { params: { prompt: "x" } });
  assertEquals(body, json);
});

for (
  const json of [null, "text", {}, { data: null }, { data: [] }, { data: [{}] }, { data: [null] }]
) {
  Deno.test(`returns 502 for the response ${JSON.stringify(json)} to an image request`, async () => {
    await using upstream = await createUpstream();
    upstream.reply({ json });
    const { status, body } = await probe("/images", upstream, { params: { prompt: "x" } });
    assertEquals([status, body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);
  });
}
