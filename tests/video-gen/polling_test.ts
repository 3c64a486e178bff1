/** The schedule, copies, webhooks and users' own accounts, on the local stack. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { DEMO_USERS } from "../../tools/local/insforge/demo.ts";
import { FILM } from "../../tools/local/openrouter/film.ts";
import { type Stack, startStack } from "../../tools/local/stack.ts";
import { getAccessToken } from "../support/session.ts";

const SECRET = "a workspace's signing secret";
const VALUES: Record<string, string> = {
  PORT: "0",
  INSFORGE_PORT: "0",
  OPENROUTER_PORT: "0",
  OPENROUTER_WEBHOOK_SECRET: SECRET,
  KEYS_ENCRYPTION_KEY: "a1".repeat(32),
};
const prompt = "A lighthouse at dusk";
console.log = () => {};

Deno.test("video-gen without its owner", async (t) => {
  await using stack = await startStack({ get: (name) => VALUES[name] });
  const { API_KEY } = stack.insforge!.secrets;
  const [demo, second] = await Promise.all(DEMO_USERS.map((user) => getAccessToken(stack, user)));
  const order = async (fields: object = {}, token = demo): Promise<string> => {
    const body = { prompt, model: "alibaba/wan-2.6", duration: 5, ...fields };
    const answer = await ask(stack, "video-gen", token, body);
    assertEquals(answer.status, 202, JSON.stringify(answer.body));
    return answer.body.id;
  };
  const poll = async () => (await ask(stack, "video-gen?route=poll", API_KEY, {})).body;
  /** Lets the schedule come twice: the simulated jobs end at the second time. */
  const finish = async () => {
    await makeDue(stack);
    const first = await poll();
    await makeDue(stack);
    return [first, await poll()];
  };

  await t.step("the schedule ends and charges jobs, and leaves them alone afterwards", async () => {
    const id = await order();
    assertEquals(await poll(), { asked: 0, ended: 0, saved: 0 });
    assertEquals(await finish(), [
      { asked: 1, ended: 0, saved: 0 },
      { asked: 1, ended: 1, saved: 0 },
    ]);
    assertEquals(await readRow(stack, id), { status: "completed", usd: 0.5, left: false });
    assertEquals(await poll(), { asked: 0, ended: 0, saved: 0 });
    await assertBooks(stack);
  });

  await t.step("a job is asked about once when two runs and its owner meet", async () => {
    const id = await order();
    await makeDue(stack);
    const asked = () =>
      stack.openrouter!.requests.filter(({ method, path }) =>
        method === "GET" && path.startsWith("/api/v1/videos/")
      ).length;
    const before = asked();
    const answers = await Promise.all([poll(), poll(), ask(stack, `video-gen/${id}`, demo)]);
    assertEquals(answers[2]!.status, 200);
    assertEquals(asked() - before, 1);
    await finish();
  });

  await t.step("a job is charged once, however many processes end it", async () => {
    const id = await order();
    const change = { status: "completed", usd: 0.5, videos: 1 };
    const end = () =>
      fetch(`${stack.insforgeUrl}/api/database/rpc/ai_update_video`, {
        method: "POST",
        headers: { Authorization: `Bearer ${API_KEY}`, "Content-Type": "application/json" },
        body: JSON.stringify({ id, changes: change }),
      }).then((response) => response.json());
    await Promise.all([end(), end(), end(), end()]);
    const [row] = await stack.insforge!.sql(`
      select count(*)::int as charges, sum(c.usd)::float8 as usd, bool_and(c.final) as final
      from ai_charges c join ai_videos v on v.reservation = c.reservation where v.id = '${id}'`);
    assertEquals(row, { charges: 1, usd: 0.5, final: true });
    // The simulated OpenRouter has not finished it, so it is left out of the comparison of the books.
    await stack.insforge!.sql(`select ai_reconcile('[]')`);
  });

  await t.step("a cost that was not recorded at the start is recorded at the end", async () => {
    const id = await order();
    await untilCharged(stack, id);
    await stack.insforge!.sql(`
      delete from ai_charges c using ai_videos v
      where v.reservation = c.reservation and v.id = '${id}'`);
    await finish();
    const [row] = await stack.insforge!.sql(`
      select c.usd::float8, c.final, c.user_id = v.user_id as of_owner
      from ai_charges c join ai_videos v on v.reservation = c.reservation where v.id = '${id}'`);
    assertEquals(row, { usd: 0.5, final: true, of_owner: true });
  });

  await t.step("a cost that OpenRouter does not state is looked up by the ledger", async () => {
    const id = await order({ simulate: { usage: "none" } });
    await untilCharged(stack, id);
    await finish();
    assertEquals(await readRow(stack, id), { status: "completed", usd: null, left: false });
    // OpenRouter knows a generation only some time after it ended.
    for (let reconciled = 0, tries = 0; reconciled === 0; tries++) {
      assert(tries < 200, "the cost was not found");
      await stack.insforge!.sql("update ai_charges set next_try_at = now() where not final");
      reconciled = (await ask(stack, "usage/sweep", API_KEY, {})).body.reconciled;
    }
    const [charge] = await stack.insforge!.sql(`
      select c.usd::float8, c.final from ai_charges c join ai_videos v on v.reservation = c.reservation
      where v.id = '${id}'`);
    assertEquals(charge, { usd: 0.5, final: true });
  });

  await t.step("a finished video is copied to the bucket that was ordered", async () => {
    await createBucket(stack, "films", false);
    const id = await order({ save: { bucket: "films", prefix: "dusk/" } });
    assertEquals((await finish())[1], { asked: 1, ended: 1, saved: 1 });
    const { body } = await ask(stack, `video-gen/${id}`, demo);
    const [copy] = body.saved;
    assertEquals([copy.bucket, copy.key, copy.media_type], [
      "films",
      `dusk/${id}.mp4`,
      "video/mp4",
    ]);
    const response = await fetch(copy.url, { headers: { Authorization: `Bearer ${API_KEY}` } });
    assertEquals(await response.bytes(), FILM);
  });

  await t.step("a finished video is also copied when its owner asks", async () => {
    const id = await order({ save: { bucket: "films" } });
    await makeDue(stack);
    await ask(stack, `video-gen/${id}`, demo);
    await makeDue(stack);
    const { body } = await ask(stack, `video-gen/${id}`, demo);
    assertEquals(body.saved.map(({ key }: { key: string }) => key), [`${id}.mp4`]);
    assertEquals((await readRow(stack, id)).left, false);
  });

  await t.step(
    "a copy that fails is tried again, and given up when it cannot succeed",
    async () => {
      await createBucket(stack, "gone", true);
      const id = await order({ save: { bucket: "gone" } });
      await fetch(`${stack.insforgeUrl}/api/storage/buckets/gone`, {
        method: "DELETE",
        headers: { Authorization: `Bearer ${API_KEY}` },
      }).then((response) => response.text());
      await finish();
      const { body } = await ask(stack, `video-gen/${id}`, demo);
      assertEquals(body.save_error.error, "STORAGE_NOT_FOUND");
      assertEquals((await readRow(stack, id)).left, false);
      const response = await fetch(body.videos[0].url, {
        headers: { Authorization: `Bearer ${demo}` },
      });
      assertEquals(await response.bytes(), FILM);
    },
  );

  await t.step("a bucket is checked before anything is paid for", async () => {
    const body = { prompt, save: { bucket: "nowhere" } };
    const answer = await ask(stack, "video-gen", demo, body);
    assertEquals([answer.status, answer.body.error], [400, "STORAGE_NOT_FOUND"]);
  });

  await t.step("a webhook that OpenRouter has signed ends a job", async () => {
    const id = await order({ simulate: { video_polls: 1 } });
    const [{ gateway_id }] = await stack.insforge!.sql(
      `select gateway_id from ai_videos where id = '${id}'`,
    ) as [{ gateway_id: string }];
    const event = { type: "video.generation.completed", data: { id: gateway_id } };
    assertEquals((await notify(stack, event)).body, { known: true });
    assertEquals((await readRow(stack, id)).status, "completed");
    const unknown = { ...event, data: { id: "gen-vid-of-another-app" } };
    assertEquals((await notify(stack, unknown)).body, { known: false });
  });

  await t.step("a webhook with a wrong, old or missing signature is refused", async () => {
    const event = { type: "video.generation.completed", data: { id: "gen-vid-1" } };
    for (
      const options of [
        { secret: "another" },
        { ageSeconds: 301 },
        { ageSeconds: -301 },
        { signature: "t=1,v1=00" },
        { signature: "x" },
      ]
    ) {
      const { status, body } = await notify(stack, event, options);
      assertEquals([status, body.error], [401, "AUTH_UNAUTHORIZED"], JSON.stringify(options));
    }
    const unsigned = await ask(stack, "video-gen/webhook", demo, event);
    assertEquals([unsigned.status, unsigned.body.error], [403, "FORBIDDEN"]);
  });

  await t.step("a user polls own jobs only, and no user starts the schedule", async () => {
    const id = await order();
    const own = await ask(stack, "video-gen/poll", demo, { id });
    assertEquals([own.status, own.body.id], [200, id]);
    const foreign = await ask(stack, "video-gen/poll", second, { id });
    assertEquals([foreign.status, foreign.body.error], [400, "INVALID_INPUT"]);
    const forged = await ask(stack, "video-gen/poll", "ik_wrong", {});
    assertEquals([forged.status, forged.body.error], [401, "AUTH_UNAUTHORIZED"]);
    await finish();
  });

  await t.step("a user's own account pays, is asked with its key, and delivers", async () => {
    const key = await connect(stack, second!);
    const id = await order({}, second);
    await finish();
    const { body } = await ask(stack, `video-gen/${id}`, second);
    assertEquals([body.status, body.usage], ["completed", { cost: 0.5 }]);
    assertEquals(stack.openrouter!.bill(key), { total: 0.5, generations: 1 });
    const response = await fetch(body.videos[0].url, {
      headers: { Authorization: `Bearer ${second}` },
    });
    assertEquals(await response.bytes(), FILM);
    const [charge] = await stack.insforge!.sql(`
      select c.own_key, c.usd::float8, c.project_usd::float8 from ai_charges c
      join ai_videos v on v.reservation = c.reservation where v.id = '${id}'`);
    assertEquals(charge, { own_key: true, usd: 0.5, project_usd: 0 });
  });

  await t.step(
    "a job ends when its account is disconnected, without the project's key",
    async () => {
      const id = await order({}, second);
      await ask(stack, "connect/disconnect", second, {});
      const before = stack.openrouter!.requests.length;
      await makeDue(stack);
      await poll();
      assertEquals(stack.openrouter!.requests.length, before);
      const { body } = await ask(stack, `video-gen/${id}`, second);
      assertEquals(body.status, "failed");
      assertMatch(body.error, /no longer connected/);
    },
  );

  await t.step("a run takes at most 20 jobs, the longest waiting first", async () => {
    await stack.insforge!.sql(`
      insert into ai_videos (id, user_id, slug, model, request, gateway_id, own_key, reservation,
        charge, next_poll_at)
      select gen_random_uuid(), 'u', 'video-gen', 'm', '{}', 'gen-vid-unknown', false,
        gen_random_uuid(), 0, now() - interval '1 second' * i
      from generate_series(1, 25) i`);
    assertEquals(await poll(), { asked: 20, ended: 20, saved: 0 });
    assertEquals((await poll()).asked, 5);
  });
});

/** Makes every job due, as if time had passed. */
async function makeDue(stack: Stack): Promise<void> {
  await stack.insforge!.sql(`
    update ai_videos set next_poll_at = now() - interval '1 second', leased_until = '-infinity'
    where next_poll_at is not null`);
}

async function readRow(stack: Stack, id: string) {
  const [row] = await stack.insforge!.sql(`
    select status, usd::float8, next_poll_at is not null as left from ai_videos where id = '${id}'`);
  return row!;
}

async function untilCharged(stack: Stack, id: string): Promise<void> {
  for (let i = 0; i < 1_000; i++) {
    const [row] = await stack.insforge!.sql(`
      select from ai_charges c join ai_videos v on v.reservation = c.reservation where v.id = '${id}'`);
    if (row) return;
  }
  throw new Error("The order was not charged");
}

async function assertBooks(stack: Stack): Promise<void> {
  const [ledger] = await stack.insforge!.sql(
    "select (select sum(usd)::float8 from ai_charges) as charges, " +
      "(select sum(usd)::float8 from ai_user_days) as days",
  );
  const { total } = stack.openrouter!.bill();
  assertEquals(ledger, { charges: total, days: total });
}

async function createBucket(stack: Stack, bucketName: string, isPublic: boolean): Promise<void> {
  const response = await fetch(`${stack.insforgeUrl}/api/storage/buckets`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${stack.insforge!.secrets.API_KEY}`,
      "Content-Type": "application/json",
    },
    body: JSON.stringify({ bucketName, isPublic }),
  });
  assertEquals(response.status, 201, await response.text());
}

/** Stores a key that the simulated OpenRouter has issued, and returns it. */
async function connect(stack: Stack, token: string): Promise<string> {
  const url = new URL(`${stack.openrouterUrl.replace("/api/v1", "")}/auth`);
  url.searchParams.set("callback_url", "https://app.example.com/");
  const allowed = await fetch(url, { method: "POST", redirect: "manual" });
  await allowed.body?.cancel();
  const code = new URL(allowed.headers.get("location")!).searchParams.get("code");
  const exchanged = await fetch(`${stack.openrouterUrl}/auth/keys`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code }),
  });
  const { key } = await exchanged.json();
  const answer = await ask(stack, "connect/key", token, { key });
  assertEquals(answer.status, 200, JSON.stringify(answer.body));
  return key;
}

interface Notice {
  secret?: string;
  ageSeconds?: number;
  signature?: string;
}

/** Sends a webhook as OpenRouter signs it. */
async function notify(
  stack: Stack,
  event: unknown,
  { secret = SECRET, ageSeconds = 0, signature }: Notice = {},
) {
  const body = JSON.stringify(event);
  const time = Math.floor(Date.now() / 1_000) - ageSeconds;
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, [
    "sign",
  ]);
  const bytes = await crypto.subtle.sign("HMAC", key, encoder.encode(`${time},${body}`));
  const hex = new Uint8Array(bytes).toHex();
  const response = await fetch(`${stack.functionsUrl}/video-gen?route=webhook`, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "X-OpenRouter-Signature": signature ?? `t=${time},v1=${hex}`,
    },
    body,
  });
  return { status: response.status, body: await response.json() };
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
