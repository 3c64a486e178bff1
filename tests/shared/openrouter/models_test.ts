/** The gateway's catalogue, fetched through a function. */
import { assertEquals, assertMatch } from "@std/assert";
import { createApp } from "../../../shared/http/app.ts";
import { listModels } from "../../../shared/openrouter/models.ts";
import { logs, send } from "../../support/caller.ts";
import { createUpstream, type Upstream } from "../../support/upstream.ts";
import { environmentOf } from "./openrouter_probe.ts";

const { app, handler } = createApp("probe");
app.get("/before", async ({ env: { request, settings } }) => {
  return Response.json(await listModels({ request, settings, elapsedMs: () => 0 }));
});
app.get("/models", async ({ env: call }) => {
  const filters = Object.fromEntries(new URL(call.request.url).searchParams);
  return Response.json(await listModels(call, filters));
});

Deno.test("lists the models of all output modalities", async () => {
  await using upstream = await createUpstream();
  const json = { data: [{ id: "a/b", pricing: { prompt: "0" } }] };
  upstream.reply({ json });
  const options = { method: "GET", path: "/models" };
  const { body } = await send(handler, environmentOf(upstream), undefined, options);
  assertEquals(body, json);
  assertEquals(upstream.requests[0]!.path, "/api/v1/models?output_modalities=all");
});

for (const json of [{ data: {} }, null, "text"]) {
  Deno.test(`returns 502 for ${JSON.stringify(json)} instead of a list of models`, async () => {
    await using upstream = await createUpstream();
    upstream.reply({ json });
    const options = { method: "GET", path: "/models" };
    const { status, body } = await send(handler, environmentOf(upstream), undefined, options);
    assertEquals([status, body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);
  });
}

Deno.test("does not blame the caller when the gateway has no list, only for a filter", async () => {
  await using upstream = await createUpstream();
  for (const [path, expected] of [["/models", 502], ["/models?category=none", 400]] as const) {
    upstream.reply({ status: 404, json: { error: { code: 404, message: "Not found" } } });
    const options = { method: "GET", path };
    const { status } = await send(handler, environmentOf(upstream), undefined, options);
    assertEquals(status, expected, path);
  }
});

for (const code of [402, 403, 413]) {
  Deno.test(`returns 502 when the gateway reports ${code}, also with a filter`, async () => {
    await using upstream = await createUpstream();
    const json = { error: { code, message: "No", metadata: { reasons: ["violence"] } } };
    upstream.reply({ status: code, json }, { json }, { status: code, json }, { json });
    for (const path of ["/models", "/models", "/models?q=a", "/models?q=a"]) {
      const options = { method: "GET", path };
      const { status, body } = await send(handler, environmentOf(upstream), undefined, options);
      assertEquals([status, body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);
    }
  });
}

Deno.test("caches twenty lists for five minutes", async () => {
  await using upstream = await createUpstream();
  const list = async (filter: string) => {
    const options = { method: "GET", path: `/models?q=${filter}` };
    await send(handler, environmentOf(upstream), undefined, options);
    return upstream.requests.length;
  };
  const reply = () => upstream.reply({ json: { data: [] } });
  for (let i = 0; i < 20; i++) {
    reply();
    assertEquals(await list(`${i}`), i + 1);
  }
  assertEquals(await list("0"), 20);
  reply();
  assertEquals(await list("20"), 21);
  reply();
  assertEquals(await list("0"), 22); // the list of 20 replaced it
  assertEquals(await list("19"), 22);
  using clock = new Clock();
  clock.now += 300_001;
  reply();
  assertEquals(await list("19"), 23);
});

const MINUTE_MS = 60_000;
const [OLD, NEW] = [{ data: [{ id: "old" }] }, { data: [{ id: "new" }] }];

Deno.test("returns a list older than five minutes at once, and refreshes it after the response", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: OLD }, { json: NEW });
  using clock = new Clock();
  assertEquals(await read(upstream), OLD);
  clock.now += 6 * MINUTE_MS;
  assertEquals(await read(upstream), OLD);
  assertEquals(await read(upstream), NEW);
});

Deno.test("keeps an older list, and logs it, when the list cannot be refreshed", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: OLD }, { status: 400, json: {} }, { json: NEW });
  using clock = new Clock();
  assertEquals(await read(upstream), OLD);
  clock.now += 6 * MINUTE_MS;
  assertEquals(await read(upstream), OLD);
  assertMatch(`${logs.at(-1)!.notice}`, /^The list of models was not refreshed: /);
  assertEquals(await read(upstream), OLD);
  assertEquals(await read(upstream), NEW);
});

Deno.test("waits for a new list when the list is older than a day", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: OLD }, { json: NEW });
  using clock = new Clock();
  assertEquals(await read(upstream), OLD);
  clock.now += 25 * 60 * MINUTE_MS;
  assertEquals(await read(upstream), NEW);
});

Deno.test("waits for a new list after five minutes when nothing can run after the response", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: OLD }, { json: NEW });
  using clock = new Clock();
  assertEquals(await read(upstream, "/before"), OLD);
  clock.now += 6 * MINUTE_MS;
  assertEquals(await read(upstream, "/before"), NEW);
});

async function read(upstream: Upstream, path = "/models"): Promise<unknown> {
  const options = { method: "GET", path };
  return (await send(handler, environmentOf(upstream), undefined, options)).body;
}

/** Replaces `Date.now` until it is disposed. */
class Clock implements Disposable {
  readonly #real = Date.now;
  now = this.#real();
  constructor() {
    Date.now = () => this.now;
  }
  [Symbol.dispose](): void {
    Date.now = this.#real;
  }
}
