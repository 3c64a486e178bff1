/** Rankings, requested through a function. */
import { assertEquals } from "@std/assert";
import { requireUser } from "../../../shared/auth/user_token.ts";
import { createApp } from "../../../shared/http/app.ts";
import { createRanking } from "../../../shared/openrouter/rerank.ts";
import { send } from "../../support/caller.ts";
import { createUpstream } from "../../support/upstream.ts";
import { environmentOf } from "./openrouter_probe.ts";

const { app, handler } = createApp("probe");
app.post("/", async ({ env: call }) => {
  await requireUser(call);
  const params = { model: "a/b", query: "q", documents: ["a", "b"] };
  return Response.json(await createRanking(call, params));
});

Deno.test("createRanking returns the most relevant document first", async () => {
  await using upstream = await createUpstream();
  const [low, high] = [{ index: 0, relevance_score: 0.1 }, { index: 1, relevance_score: 0.9 }];
  upstream.reply({ json: { results: [low, high], model: "a/b" } });
  const { body } = await send(handler, environmentOf(upstream), {});
  assertEquals(body.results, [high, low]);
});

for (
  const results of [
    undefined,
    [],
    [null],
    [{ index: 2, relevance_score: 1 }],
    [{ index: -1, relevance_score: 1 }],
    [{ index: 0, relevance_score: "high" }],
  ]
) {
  Deno.test(`createRanking returns 502 for the results ${JSON.stringify(results)}`, async () => {
    await using upstream = await createUpstream();
    upstream.reply({ json: { results } });
    const { status, body } = await send(handler, environmentOf(upstream), {});
    assertEquals([status, body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);
  });
}

Deno.test("createRanking returns 502 for a response that is not an object", async () => {
  for (const json of [null, "text", 5]) {
    await using upstream = await createUpstream();
    upstream.reply({ json });
    const { status, body } = await send(handler, environmentOf(upstream), {});
    assertEquals([status, body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);
  }
});
