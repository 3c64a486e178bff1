/** The unmodified InsForge SDK on the deprecated routes; recorded calls are in recordings_test.ts. */
import { createClient } from "@insforge/sdk";
import { assertEquals, assertRejects } from "@std/assert";
import handler, { aliases } from "../../functions/legacy-compat/index.ts";
import { PROMPT, TOKEN } from "../support/caller.ts";
import { createStage } from "../support/replay_ai.ts";
import { completion, streamOf } from "../support/upstream.ts";

const functions = new Map(["legacy-compat", ...aliases].map((slug) => [slug, handler]));
const request = { model: "m", messages: [{ role: "user", content: PROMPT }] };

Deno.test("InsForge's SDK sends images in both of its forms", async () => {
  await using stage = await createStage(functions);
  stage.upstream.reply({ json: completion() }, { json: completion() });
  const { ai } = createClient({ baseUrl: stage.baseUrl, accessToken: TOKEN });
  const part = { type: "image_url" as const, image_url: { url: "https://x.example/a.png" } };
  const text = { type: "text" as const, text: "What is it?" };
  const old = { content: text.text, images: [{ url: part.image_url.url }] };
  for (const message of [{ content: [text, part] }, old]) {
    await ai.chat.completions.create({ model: "m", messages: [{ role: "user", ...message }] });
  }
  for (const { body } of stage.upstream.requests) {
    assertEquals(body.messages, [{ role: "user", content: [text, part] }]);
  }
});

const DETOURS: [string, string][] = [
  ["the functions host", "/api/ai/$1"],
  ["a self-hosted InsForge", "/functions/legacy-compat?route=$1"],
];
for (const [place, address] of DETOURS) {
  Deno.test(`InsForge's SDK reaches ${place} with its option fetch`, async () => {
    await using stage = await createStage(functions);
    const { baseUrl, upstream } = stage;
    let response: Response | undefined;
    const { ai } = createClient({
      baseUrl: "http://127.0.0.1:9",
      accessToken: TOKEN,
      fetch: async (url: string | URL | Request, init?: RequestInit) => {
        const target = String(url).replace(/^.*\/api\/ai\/(.*)$/, baseUrl + address);
        return response = await fetch(target, init);
      },
    });
    upstream.reply({ json: completion() }, { sse: streamOf("a") });
    const answer = await ai.chat.completions.create(request as never);
    assertEquals(answer.choices[0].message.content, "Hello!");
    const chunks = await ai.chat.completions.create({ ...request, stream: true } as never);
    for await (const { choices } of chunks) assertEquals(choices[0].delta.content, "a");
    await response!.body!.cancel(); // the SDK leaves it open at {"done":true}
  });
}

const FAILURES: [number, string][] = [
  [400, "AI_UPSTREAM_UNAVAILABLE"],
  [401, "AI_INVALID_API_KEY"],
  [402, "BILLING_INSUFFICIENT_BALANCE"],
  [413, "AI_UPSTREAM_UNAVAILABLE"],
  [429, "RATE_LIMITED"],
  [504, "AI_UPSTREAM_UNAVAILABLE"],
];
for (const [status, code] of FAILURES) {
  Deno.test(`each method of InsForge's SDK throws ${code} for an upstream ${status}`, async () => {
    const json = { error: { code: status, message: "No" } };
    const headers = { "Retry-After": "3600" }; // not worth waiting for
    for (
      const work of [
        (ai: Ai) => ai.chat.completions.create(request as never),
        (ai: Ai) => ai.images.generate({ model: "m", prompt: "p" }),
        (ai: Ai) => ai.embeddings.create({ model: "m", input: "i" }),
      ]
    ) {
      await using stage = await createStage(functions);
      stage.upstream.reply({ status, json, headers });
      const { ai } = createClient({ baseUrl: stage.baseUrl, accessToken: TOKEN });
      const thrown = await assertRejects(() => work(ai), Error);
      const { statusCode, error } = thrown as unknown as Record<string, unknown>;
      assertEquals([statusCode, error], [status, code]);
    }
  });
}

type Ai = ReturnType<typeof createClient>["ai"];
