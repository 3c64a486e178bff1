/** `video-gen` on the local stack: from the order to the finished video and its charge. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { DEMO_USERS } from "../tools/local/insforge/demo.ts";
import { FILM } from "../tools/local/openrouter/film.ts";
import { type Stack, startStack } from "../tools/local/stack.ts";
import { getAccessToken } from "./support/session.ts";

const VALUES: Record<string, string> = {
  PORT: "0",
  INSFORGE_PORT: "0",
  OPENROUTER_PORT: "0",
  ALLOWED_MODELS: "google/*,alibaba/*",
  USER_USD_PER_DAY: "100",
};
const prompt = "A lighthouse at dusk";
console.log = () => {};

Deno.test("video-gen", async (t) => {
  await using stack = await startStack({ get: (name) => VALUES[name] });
  const [demo, second] = await Promise.all(DEMO_USERS.map((user) => getAccessToken(stack, user)));
  const call = (token: string | undefined, path: string, body?: unknown) =>
    ask(stack, path, token, body);
  const order = async (fields: object = {}, token = demo) =>
    (await call(token, "video-gen", { prompt, ...fields })).body;
  /** Asks for a job as its owner until it has ended. */
  const finish = async (id: string, token = demo) => {
    for (let i = 0; i < 5; i++) {
      await endLeases(stack);
      const { status, body } = await call(token, `video-gen/${id}`);
      assertEquals(status, 200, body.message);
      if (body.ended_at) return body;
    }
    throw new Error("The job did not end");
  };

  await t.step("responds 202 with the job's id before anything is generated", async () => {
    const { status, body } = await call(demo, "video-gen", { prompt, duration: 4 });
    assertEquals([status, body.status, body.model], [202, "pending", "google/veo-3.1"]);
    assertEquals(body.request, { prompt, duration: 4 });
    assertEquals([body.videos, body.usage, body.ended_at], [undefined, undefined, undefined]);
    await finish(body.id);
  });

  await t.step("charges the estimate at once, and the cost when the job has ended", async () => {
    const { id } = await order({ duration: 6 });
    const charged = () => readCharge(stack, id);
    await untilCharged(stack, id);
    assertEquals(await charged(), { usd: 2.4, final: false, looks_up: false });
    const job = await finish(id);
    assertEquals([job.status, job.usage], ["completed", { cost: 2.4 }]);
    assertEquals(await charged(), { usd: 2.4, final: true, looks_up: false });
    await assertBooks(stack);
  });

  await t.step("delivers the video to its owner alone", async () => {
    const { id } = await order({ duration: 4 });
    const early = await call(demo, `video-gen/${id}/content`);
    assertEquals([early.status, early.body.message], [400, "This video is not finished yet"]);
    const { videos } = await finish(id);
    assertEquals(videos, [{ url: `${stack.functionsUrl}/video-gen/${id}/content` }]);
    const response = await fetch(videos[0].url, { headers: { Authorization: `Bearer ${demo}` } });
    assertEquals(response.headers.get("content-type"), "video/mp4");
    assertEquals(await response.bytes(), FILM);
    const foreign = await call(second, `video-gen/${id}/content`);
    assertEquals([foreign.status, foreign.body.error], [404, "NOT_FOUND"]);
    const more = await call(demo, `video-gen/${id}/content?index=1`);
    assertEquals([more.status, more.body.message], [400, '"index" must be less than 1']);
    const wrong = await call(demo, `video-gen/${id}/content?index=x`);
    assertEquals(wrong.body.message, '"index" must be a whole number from 0 to 99');
  });

  await t.step("shows jobs to their owner alone, also in the table itself", async () => {
    const { id } = await order({ duration: 4 });
    const foreign = await call(second, `video-gen/${id}`);
    assertEquals([foreign.status, foreign.body.error], [404, "NOT_FOUND"]);
    const table = `${stack.insforgeUrl}/api/database/records/ai_videos`;
    const headers = { Authorization: `Bearer ${second}`, "Content-Type": "application/json" };
    assertEquals(await (await fetch(table, { headers })).json(), []);
    for (const [method, body] of [["PATCH", { gateway_id: "x" }], ["POST", [{ id }]]] as const) {
      const write = await fetch(`${table}?id=eq.${id}`, {
        method,
        headers: { ...headers, Authorization: `Bearer ${demo}` },
        body: JSON.stringify(body),
      });
      await write.text();
      assertEquals(write.status, 403, method);
    }
    await finish(id);
  });

  await t.step("lists the caller's jobs in pages, the newest first", async () => {
    await order({ model: "alibaba/wan-2.6" }, second);
    await order({ model: "alibaba/wan-2.6" }, second);
    const { id } = await order({ model: "alibaba/wan-2.6" }, second);
    const first = (await call(second, "video-gen?limit=2")).body;
    assertEquals([first.videos.length, first.videos[0].id, first.has_more], [2, id, true]);
    const last = first.videos.at(-1).id;
    const next = (await call(second, `video-gen?limit=2&after=${last}`)).body;
    assertEquals([next.videos.length, next.has_more], [1, false]);
    assert(next.videos[0].created_at <= first.videos[1].created_at);
    const wrong = await call(second, "video-gen?limit=1000");
    assertEquals(wrong.body.message, '"limit" must be from 1 to 100');
    for (const { id } of [...first.videos, ...next.videos]) await finish(id, second);
  });

  await t.step("charges nothing for a job that fails, and passes the reason on", async () => {
    for (const video_status of ["failed", "cancelled", "expired"]) {
      const { id } = await order({
        simulate: { video_status, message: "Bearer sk-or-v1-abcdef01234567" },
      });
      const job = await finish(id);
      assertEquals([job.status, job.usage], [video_status, { cost: 0 }]);
      if (video_status === "failed") assertEquals(job.error, "[removed]");
      assertEquals(await readCharge(stack, id), { usd: 0, final: true, looks_up: false });
      const { body } = await call(demo, `video-gen/${id}/content`);
      assertStringIncludes(body.message, `the job ended as "${video_status}"`);
    }
    await assertBooks(stack);
  });

  await t.step(
    "says that OpenRouter cannot cancel a job, and returns one that has ended",
    async () => {
      const { id } = await order({ duration: 4 });
      const { status, body } = await call(demo, "video-gen/cancel", { id });
      assertEquals([status, body.error], [400, "INVALID_INPUT"]);
      assertMatch(body.message, /cannot cancel/);
      await finish(id);
      assertEquals((await call(demo, "video-gen/cancel", { id })).body.status, "completed");
      const foreign = await call(second, "video-gen/cancel", { id });
      assertEquals([foreign.status, foreign.body.error], [400, "INVALID_INPUT"]);
    },
  );

  await t.step("refuses an order that may cost more than is left, before it is sent", async () => {
    const sent = countOrders(stack);
    await stack.insforge!.sql("update ai_user_totals set day_usd = 99");
    const { status, body } = await call(demo, "video-gen", { prompt, duration: 8 });
    assertEquals([status, body.error], [402, "BILLING_INSUFFICIENT_BALANCE"]);
    assertEquals(body.message, "This request may cost up to $3.2, and $1 is left");
    assertEquals(countOrders(stack), sent);
    await stack.insforge!.sql("update ai_user_totals set day_usd = 0");
  });

  await t.step("refuses a model outside ALLOWED_MODELS", async () => {
    const { status, body } = await call(demo, "video-gen", { prompt, model: "openai/sora-2" });
    assertEquals([status, body.error], [400, "AI_INVALID_MODEL"]);
  });

  await t.step("continues only a video of the caller's own", async () => {
    const { id } = await order({ duration: 4 });
    const foreign = await call(second, "video-gen", { prompt, previous_job_id: id });
    const message = '"previous_job_id" must be the id of one of your videos';
    assertEquals([foreign.status, foreign.body.message], [400, message]);
    const { status } = await call(demo, "video-gen", { prompt, previous_job_id: id });
    assertEquals(status, 202);
    assertMatch(lastOrder(stack).body.previous_job_id, /^gen-vid-/);
  });

  await t.step("sends the key to OpenRouter alone, whatever polling_url says", async () => {
    for (const polling_url of ["relative", "absolute", "elsewhere"]) {
      const { id } = await order({ duration: 4, simulate: { polling_url } });
      assertEquals((await finish(id)).status, "completed", polling_url);
    }
  });
});

function lastOrder(stack: Stack) {
  return stack.openrouter!.requests.findLast(({ method }) => method === "POST")!;
}

function countOrders(stack: Stack): number {
  return stack.openrouter!.requests.filter(({ method }) => method === "POST").length;
}

async function ask(stack: Stack, path: string, token?: string, body?: unknown) {
  const response = await fetch(`${stack.functionsUrl}/${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      ...(token && { Authorization: `Bearer ${token}` }),
      "Content-Type": "application/json",
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

/** The owner may ask once a second; tests ask at once. */
async function endLeases(stack: Stack): Promise<void> {
  await stack.insforge!.sql("update ai_videos set leased_until = '-infinity'");
}

async function readCharge(stack: Stack, id: string) {
  const [charge] = await stack.insforge!.sql(`
    select c.usd::float8, c.final, c.next_try_at is not null as looks_up
    from ai_charges c join ai_videos v on (v.reservation, v.charge) = (c.reservation, c.number)
    where v.id = '${id}'`);
  return charge;
}

async function untilCharged(stack: Stack, id: string): Promise<void> {
  for (let i = 0; i < 1_000; i++) if (await readCharge(stack, id)) return;
  throw new Error("The order was not charged");
}

/** The ledger holds what the simulated OpenRouter billed. */
async function assertBooks(stack: Stack): Promise<void> {
  const [ledger] = await stack.insforge!.sql(`
    select (select sum(usd)::float8 from ai_charges) as charges,
           (select sum(usd)::float8 from ai_user_days) as users,
           (select sum(usd)::float8 from ai_project_days) as project`);
  const { total } = stack.openrouter!.bill();
  assertEquals(Object.values(ledger!).map((usd) => (usd as number).toFixed(6)), [
    total.toFixed(6),
    total.toFixed(6),
    total.toFixed(6),
  ]);
}
