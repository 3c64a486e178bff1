/** `usage` on the local stack: recorded usage, and the correction of estimates. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import usage from "../functions/usage/index.ts";
import { createSettings } from "../shared/settings.ts";
import { sealUserKey } from "../shared/user_keys/user_key.ts";
import { DEMO_USERS } from "../tools/local/insforge/demo.ts";
import { type Stack, startStack } from "../tools/local/stack.ts";
import { createInsForge } from "./shared/fake_insforge.ts";
import { API_KEY, createEnvironment, TOKEN } from "./support/caller.ts";
import { getAccessToken } from "./support/session.ts";

const VALUES: Record<string, string> = {
  PORT: "0",
  INSFORGE_PORT: "0",
  OPENROUTER_PORT: "0",
  KEYS_ENCRYPTION_KEY: "a1".repeat(32),
  USER_REQUESTS_PER_MINUTE: "1000",
  USER_USD_PER_MONTH: "2.5",
  PROJECT_USD_PER_DAY: "100",
};
const NOTHING = { requests: 0, prompt_tokens: 0, completion_tokens: 0, usd: 0 };
const prompt = "Name a colour";
console.log = () => {};

for (
  const [path, valid] of [
    ["usage", { today: NOTHING, month: NOTHING, days: [] }],
    ["usage/sweep", []],
  ] as const
) {
  Deno.test(`${path} returns 502 when the database's routine returns something else`, async () => {
    await using insforge = createInsForge();
    const environment = createEnvironment({ INSFORGE_BASE_URL: insforge.url, API_KEY });
    const token = path === "usage" ? TOKEN : API_KEY;
    const method = path === "usage" ? "GET" : "POST";
    const call = () =>
      usage(
        new Request(`http://functions.test/${path}`, {
          method,
          headers: { Authorization: `Bearer ${token}` },
        }),
        environment,
      );
    insforge.replyAlways(200, valid);
    const response = await call();
    assertEquals(response.status, 200, await response.text());
    for (const wrong of [null, 5, {}, [null], [{}], { ...NOTHING, days: [] }]) {
      insforge.replyAlways(200, wrong);
      const failed = await call();
      const { error } = await failed.json();
      assertEquals([failed.status, error], [502, "UPSTREAM_FAILURE"], JSON.stringify(wrong));
    }
  });
}

Deno.test("usage", async (t) => {
  await using stack = await startStack({ get: (name) => VALUES[name] });
  const { API_KEY } = stack.insforge!.secrets;
  const [demo, second] = await Promise.all(DEMO_USERS.map((user) => getAccessToken(stack, user)));

  await t.step("shows users the usage that responses reported, and the limits", async () => {
    const { usage: one } = (await ask(stack, "chat", demo, { prompt })).body;
    const { usage: two } = (await ask(stack, "chat", demo, { prompt })).body;
    const { status, body } = await ask(stack, "usage", demo);
    const sum = {
      requests: 2,
      prompt_tokens: one.prompt_tokens + two.prompt_tokens,
      completion_tokens: one.completion_tokens + two.completion_tokens,
      usd: Number((one.cost + two.cost).toFixed(9)),
    };
    assertEquals([status, body], [200, {
      today: sum,
      month: sum,
      days: [{ day: today(), model: "openai/gpt-4o-mini", own_key: false, ...sum }],
      limits: { requests_per_minute: 1000, usd_per_month: 2.5 },
    }]);
  });

  await t.step("counts by assistant, in the order of the days", async () => {
    const request = { assistant: "support", prompt, variables: { tone: "formal" } };
    const { usage: one } = (await ask(stack, "chat", demo, request)).body;
    const { usage: two } = (await ask(stack, "chat", demo, request)).body;
    const { body } = await ask(stack, "usage", demo);
    assertEquals(body.assistants, [{
      day: today(),
      assistant: "support",
      own_key: false,
      requests: 2,
      prompt_tokens: one.prompt_tokens + two.prompt_tokens,
      completion_tokens: one.completion_tokens + two.completion_tokens,
      usd: Number((one.cost + two.cost).toFixed(9)),
    }]);
    assertEquals(body.days[0].requests, 4);
  });

  await t.step("shows users their own usage only", async () => {
    const { body } = await ask(stack, "usage", second);
    assertEquals([body.today, body.month, body.days], [NOTHING, NOTHING, []]);
    assertEquals(body.assistants, undefined);
  });

  await t.step("accepts only the project's API key for the sweep", async () => {
    const sweep = (token: string | undefined, headers?: Record<string, string>) =>
      ask(stack, "usage/sweep", token, {}, headers);
    for (
      const [answer, status, error] of [
        [await sweep(demo), 403, "FORBIDDEN"],
        [await sweep("ik_wrong"), 401, "AUTH_UNAUTHORIZED"],
        [await sweep(stack.insforge!.secrets.ANON_KEY), 401, "AUTH_UNAUTHORIZED"],
        [await sweep(demo, { "x-api-key": "wrong" }), 401, "AUTH_UNAUTHORIZED"],
        [await sweep(undefined), 401, "AUTH_INVALID_CREDENTIALS"],
      ] as const
    ) {
      assertEquals([answer.status, answer.body.error], [status, error]);
    }
    const nothing = { status: 200, body: { reconciled: 0, pending: 0 } };
    assertEquals(await sweep(API_KEY), nothing);
    assertEquals(await sweep(undefined, { "x-api-key": API_KEY! }), nothing);
    assertEquals(await ask(stack, "usage?route=sweep", API_KEY, {}), nothing);
  });

  await t.step("replaces estimates by what OpenRouter billed, in a sweep", async () => {
    for (let i = 0; i < 3; i++) await leaveEstimate(stack, demo!);
    await stack.insforge!.sql("update ai_charges set usd = 7 where not final");
    await stack.insforge!.sql("update ai_user_days set usd = 21, unconfirmed_usd = 21");
    assertEquals(await countEstimates(stack), 3);
    const { unconfirmed_usd, usd: before } = (await ask(stack, "usage", demo)).body.today;
    assert(unconfirmed_usd > 0 && before === 21, "estimates are shown as unconfirmed");
    await sweepAll(stack, 3);
    assertEquals((await ask(stack, "usage", demo)).body.today.unconfirmed_usd, undefined);
    const { usd } =
      (await stack.insforge!.sql("select sum(usd)::float8 as usd from ai_charges"))[0]!;
    assertEquals((usd as number).toFixed(9), stack.openrouter!.bill("project").total.toFixed(9));
  });

  await t.step(
    "looks up calls that a user's own account paid with the user's own key",
    async () => {
      const key = await connect(stack, second!);
      await leaveEstimate(stack, second!);
      await sweepAll(stack, 1);
      const { body } = await ask(stack, "usage", second);
      const { total } = stack.openrouter!.bill(key);
      assert(total > 0);
      assertEquals([body.today, body.days[0].own_key, body.days[0].usd], [NOTHING, true, total]);
    },
  );

  await t.step("corrects other charges when a stored key cannot be decrypted", async () => {
    await leaveEstimate(stack, second!);
    await leaveEstimate(stack, demo!);
    await stack.insforge!.sql("update ai_user_keys set key = 'ruined'");
    await sweepAll(stack, 1, 1);
  });

  await t.step("names what is missing when there is no ledger", async () => {
    await stack.insforge!.sql("drop function ai_usage");
    const { status, body } = await ask(stack, "usage", demo);
    assertEquals([status, body.error], [500, "INTERNAL_ERROR"]);
    assertStringIncludes(body.message, "migrations/");
  });
});

function today(): string {
  return new Date().toISOString().slice(0, 10);
}

/** Makes a call whose cost is estimated, and which is not looked up before the test's own sweep. */
async function leaveEstimate(stack: Stack, token: string): Promise<void> {
  const before = await countCharges(stack);
  await ask(stack, "stream", token, { prompt, simulate: { chunk_delay_ms: 1, usage: "none" } });
  // The stream ends for its caller before it is settled.
  while (await countCharges(stack) === before) await Promise.resolve();
  await stack.insforge!.sql(
    "update ai_charges set next_try_at = now() + interval '1 day' where next_try_at is not null",
  );
}

async function countCharges({ insforge }: Stack): Promise<number> {
  const [row] = await insforge!.sql("select count(*)::integer as count from ai_charges");
  return row!.count as number;
}

async function countEstimates({ insforge }: Stack): Promise<number> {
  const count = "select count(*)::integer as count from ai_charges where next_try_at is not null";
  return (await insforge!.sql(count))[0]!.count as number;
}

/**
 * Sweeps until so many estimates are replaced; OpenRouter knows a generation only after a while.
 */
async function sweepAll(stack: Stack, expected: number, pending = 0): Promise<void> {
  let reconciled = 0;
  while (reconciled < expected) {
    await stack.insforge!.sql(
      "update ai_charges set tries = 0, next_try_at = now() where next_try_at is not null",
    );
    const { status, body } = await ask(stack, "usage/sweep", stack.insforge!.secrets.API_KEY, {});
    reconciled += body.reconciled;
    assertEquals([status, body.pending], [200, pending + expected - reconciled]);
  }
  assertEquals([reconciled, await countEstimates(stack)], [expected, pending]);
}

/** Stores a key of the user's own OpenRouter account. */
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
  const { sub } = JSON.parse(atob(token.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/")));
  const sealed = await sealUserKey(key, sub, createSettings({ get: (name) => VALUES[name] }));
  await stack.insforge!.sql("insert into ai_user_keys (user_id, key) values ($1, $2)", [
    sub,
    sealed,
  ]);
  return key;
}

async function ask(
  { functionsUrl }: Stack,
  path: string,
  token: string | undefined,
  body?: unknown,
  others: Record<string, string> = {},
  // deno-lint-ignore no-explicit-any
): Promise<{ status: number; body: any }> {
  const headers = new Headers({ "Content-Type": "application/json", ...others });
  if (token) headers.set("Authorization", `Bearer ${token}`);
  const response = await fetch(`${functionsUrl}/${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : text };
}
