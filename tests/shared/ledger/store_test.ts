/** When calls are reserved and settled, with a ledger that answers as a test plans it. */
import { assertEquals, assertMatch } from "@std/assert";
import { sealUserKey } from "../../../shared/user_keys/user_key.ts";
import type { RecordedCharge } from "../../../shared/ledger/charge.ts";
import { createSettings } from "../../../shared/settings.ts";
import { API_KEY, createEnvironment, createRequest, logs, USER_ID } from "../../support/caller.ts";
import {
  chunk,
  COMMENT,
  completion,
  createUpstream,
  DONE,
  streamOf,
  USAGE,
} from "../../support/upstream.ts";
import { createInsForge } from "../fake_insforge.ts";
import { environmentOf, handler, probe } from "../openrouter/openrouter_probe.ts";
import { withShortWaits } from "../openrouter/short_waits.ts";

const COMMIT = "POST /api/database/rpc/ai_commit";
const COMMITTED = { decisions: [], look_ups: [], prices_due: false };
const STARTS = { ...COMMITTED, decisions: [null] };
const LIMIT = { USER_USD_PER_DAY: "0.5" };
const MISSING = { code: "PGRST202", message: "Could not find the function", hint: null };
const OWN_KEYS = { KEYS_ENCRYPTION_KEY: "A".repeat(43) + "=" };
const ask = { model: "m", max_tokens: 50, messages: [] };

Deno.test("reserves a call before it is made and settles it after, in one round trip each", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.reply(200, STARTS);
  ledger.reply(200, COMMITTED);
  upstream.reply({ json: completion(), headers: { "X-Generation-Id": "gen-9" } });
  const { status } = await probe("/completion", upstream, {
    params: ask,
    values: { ...withLedger(ledger), ...LIMIT, USER_REQUESTS_PER_MINUTE: "10" },
  });
  assertEquals([status, ledger.requests.map(({ line }) => line)], [200, [COMMIT, COMMIT]]);
  const [reserve, settle] = ledger.requests.map(({ text }) => JSON.parse(text));
  const limits = { user_usd_per_day: 0.5, user_requests_per_minute: 10 };
  const [{ id, tokens, parts, ...reservation }] = reserve.reservations;
  assertEquals([reserve.limits, reserve.ended, reserve.charges], [limits, [], []]);
  assertEquals(reservation, {
    ...{ user_id: USER_ID, slug: "probe", model: "m", use_key: false, counts: true },
    ...{ extra_usd: 0, prompt_usd: 3e-6, completion_usd: 15e-6 },
  });
  const [{ prompt_tokens: promptTokens }] = parts;
  assertEquals([parts.length, parts[0].completion_tokens, tokens], [1, 50, promptTokens + 50]);

  const { prompt_tokens, completion_tokens, cost } = USAGE;
  assertEquals(settle, {
    ...{ limits, reservations: [], ended: [{ id, user_id: USER_ID }], without_prices: false },
    charges: [{
      ...{ reservation: id, number: 0, user_id: USER_ID, slug: "probe", own_key: false },
      ...{ generation_id: "gen-9", model: completion().model, prompt_tokens, completion_tokens },
      ...{ usd: cost, final: true },
    }],
  });
  for (const { headers } of ledger.requests) {
    assertEquals(headers.get("authorization"), `Bearer ${API_KEY}`);
  }
});

Deno.test("asks nothing before a call that cannot be refused, and records it after", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.reply(200, COMMITTED);
  upstream.reply(() => {
    assertEquals(ledger.requests, []);
    return { json: completion() };
  });
  await probe("/completion", upstream, { params: ask, values: withoutLimits(ledger) });
  const [{ charges, ended }] = ledger.requests.map(({ text }) => JSON.parse(text));
  assertEquals([ended, charges.length, charges[0].usd], [[], 1, USAGE.cost]);
});

Deno.test("neither delays nor fails a call without limits when the database hangs", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.hang();
  upstream.reply({ json: completion() });
  const request = createRequest(ask, { path: "/completion" });
  await withShortWaits(async () => {
    const response = await handler(request, environmentOf(upstream, withoutLimits(ledger)));
    assertEquals(response.status, 200);
    const reader = response.body!.getReader();
    const { value } = await reader.read(); // the whole body is there before the settlement ends
    assertEquals(JSON.parse(new TextDecoder().decode(value)).id, completion().id);
    assertEquals((await reader.read()).done, true);
  });
  assertMatch(String(logs.at(-1)!.notice), /^Usage is not recorded/);
});

Deno.test("asks nothing of a ledger that a project without an API key cannot have", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() });
  const values = { INSFORGE_BASE_URL: ledger.url };
  assertEquals((await probe("/completion", upstream, { params: ask, values })).status, 200);
  assertEquals(ledger.requests, []);
});

Deno.test("charges every billed attempt, even when its response is rejected", async () => {
  const empty = completion({ content: "" }, { usage: { ...USAGE, completion_tokens: 0 } });
  const failed = { error: { code: 502, message: "no" }, usage: USAGE };
  const charges = await settleOf("/completion", [
    { json: empty },
    { json: failed },
    { json: completion() },
  ]);
  assertEquals(charges.map(({ usd }) => usd), [USAGE.cost, USAGE.cost, USAGE.cost]);
});

Deno.test("charges a response with an odd model or id", async () => {
  for (const model of [null, 5, {}, "", "m\0"]) {
    const [charge] = await settleOf("/completion", [{ json: completion({}, { model, id: 7 }) }]);
    assertEquals(charge, { ...charge!, model: model === "m\0" ? "m\ufffd" : "m", usd: USAGE.cost });
    assertEquals(charge!.generation_id, null);
  }
  const [first, last] = streamOf("Hello").slice(1, -1).map((event) =>
    event.replace('"openai/gpt-4o-mini"', "null")
  );
  const [charge] = await settleOf("/stream", [{ sse: [first!, last!, DONE] }]);
  assertEquals(charge!.model, "m");
});

Deno.test("charges a response whose numbers no database accepts", async () => {
  const usage = { prompt_tokens: 1e300, completion_tokens: "many", cost: 1e300 };
  const [charge] = await settleOf("/completion", [{ json: completion({}, { usage }) }]);
  assertEquals([charge!.prompt_tokens, charge!.completion_tokens], [2 ** 31 - 1, 0]);
  assertEquals([charge!.usd, charge!.final], [null, false]);
});

Deno.test("reserves for a model of any name", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  for (const model of ["m\0", "m\ud800", "m".repeat(300)]) {
    ledger.reply(200, STARTS);
    ledger.reply(200, COMMITTED);
    upstream.reply({ status: 400, json: { error: { code: 400, message: "no such model" } } });
    await probe("/completion", upstream, { params: { ...ask, model }, values: withLedger(ledger) });
  }
  const models = ledger.requests.flatMap(({ text }) => JSON.parse(text).reservations)
    .map(({ model }) => model);
  assertEquals(models, ["m\ufffd", "m\ufffd", "m".repeat(200)]);
});

Deno.test("charges an image that was given up at the deadline", async () => {
  const values = { REQUEST_DEADLINE_MS: "3000" };
  const { prompt_tokens, completion_tokens } =
    (await settleOf("/images", [{ end: "hang", text: "" }], { max_tokens: undefined }, values))[0]!;
  assertEquals([prompt_tokens > 0, completion_tokens], [true, 4_096]);
});

Deno.test("charges nothing for a response with an error status or an error inside", async () => {
  assertEquals(await settleOf("/completion", [{ status: 400, json: {} }]), []);
  assertEquals(
    await settleOf("/completion", [{ json: { error: { code: 400, message: "no" } } }]),
    [],
  );
});

Deno.test("charges the estimate when usage states nothing, and nothing for an error", async () => {
  const usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
  const [charge] = await settleOf("/completion", [{ json: completion({}, { usage }) }]);
  assertEquals([charge!.prompt_tokens > 0, charge!.completion_tokens], [true, 50]);
  const error = { error: { code: 400, message: "no" }, usage };
  assertEquals(await settleOf("/completion", [{ json: error }]), []);
  assertEquals(await settleOf("/stream", [{ sse: [`data: ${JSON.stringify(error)}\n\n`] }]), []);
});

Deno.test("charges what was reserved when a response does not state its usage", async () => {
  const { usage: _, ...silent } = completion() as Record<string, unknown>;
  const [charge] = await settleOf("/completion", [{ json: silent }]);
  assertEquals([charge!.completion_tokens, charge!.final], [50, false]);
  const { prompt_tokens, completion_tokens } = charge!;
  assertEquals(charge!.parts, [{ ...charge!.parts![0]!, prompt_tokens, completion_tokens }]);
});

Deno.test("charges a cut response under the id of its generation", async () => {
  const headers = { "X-Generation-Id": "gen-7", "Content-Type": "application/json" };
  const [charge] = await settleOf("/completion", [{ text: '{"id":', headers, end: "cut" }]);
  assertEquals([charge!.generation_id, charge!.completion_tokens, charge!.final], [
    "gen-7",
    50,
    false,
  ]);
});

Deno.test("charges what was seen of a stream whose caller closes the connection", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.reply(200, STARTS);
  ledger.replyAlways(200, COMMITTED);
  const words = ["one", "two", "three"].map((content) => chunk({ content }));
  upstream.reply({ sse: [COMMENT, ...words], end: "hang" });
  const request = createRequest(ask, { path: "/stream" });
  const response = await handler(request, environmentOf(upstream, withLedger(ledger)));
  const reader = response.body!.getReader();
  let text = "";
  while (!text.includes("three")) text += new TextDecoder().decode((await reader.read()).value);
  await reader.cancel();
  const { charges: [charge] } = JSON.parse(ledger.requests[1]!.text);
  assertEquals([charge.completion_tokens, charge.final], [3, false]);
});

Deno.test("charges all text of long chunks, not one token for each", async () => {
  const sse = [1, 2, 3].map(() => chunk({ content: "word ".repeat(1_000) }));
  const params = { ...ask, max_tokens: 9_999 };
  const [charge] = await settleOf("/stream", [{ sse, end: "cut" }], params);
  assertEquals(Math.round(charge!.completion_tokens / 1_000), 4);
});

Deno.test("does not take the cost that a cut stream stated for its final cost", async () => {
  const usage = { ...USAGE, cost: 0.0001, completion_tokens: 1 };
  const running = chunk({ content: "one" }, { usage });
  const cut = await settleOf("/stream", [{ sse: [running], end: "cut" }]);
  assertEquals(cut.map(({ usd, final }) => [usd, final]), [[0.0001, false]]);
  const whole = await settleOf("/stream", [{ sse: [running, chunk({}, { usage }, "stop"), DONE] }]);
  assertEquals(whole.map(({ usd, final }) => [usd, final]), [[0.0001, true]]);
});

Deno.test("asks for usage in every stream, whatever the caller sends", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ sse: streamOf("Hello") });
  const stream_options = { include_usage: false, include_obfuscation: false };
  await probe("/stream", upstream, { params: { ...ask, stream_options } });
  assertEquals(upstream.requests[0]!.body.stream_options, {
    include_usage: true,
    include_obfuscation: false,
  });
  const { status } = await probe("/stream", upstream, { params: { ...ask, stream_options: "x" } });
  assertEquals(status, 400);
});

Deno.test("charges a stream that was cut before its first word, and not one that was refused", async () => {
  const headers = { "X-Generation-Id": "gen-5", "retry-after-ms": "1" };
  const cut = { sse: [COMMENT], end: "cut" as const, headers };
  const charges = await settleOf("/stream", [cut, { sse: streamOf("Hello") }]);
  assertEquals(charges.map(({ generation_id, final }) => [generation_id, final]), [
    ["gen-5", false],
    ["gen-1700000000-abc", true],
  ]);
  const error = { error: { code: 400, message: "no" }, choices: [] };
  const refused = { sse: [COMMENT, `data: ${JSON.stringify(error)}\n\n`], headers };
  assertEquals(await settleOf("/stream", [refused]), []);
});

Deno.test("charges a response that was given up at the deadline", async () => {
  const [charge] = await settleOf("/completion", [{ end: "hang", text: "" }], ask, {
    REQUEST_DEADLINE_MS: "3000",
  });
  assertEquals([charge!.completion_tokens, charge!.final], [50, false]);
});

Deno.test("charges nothing when the connection is closed before the request is sent", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.reply(200, STARTS);
  ledger.replyAlways(200, COMMITTED);
  const values = withLedger(ledger);
  await probe("/completion", upstream, { params: ask, values, signal: AbortSignal.abort() });
  assertEquals(JSON.parse(ledger.requests[1]!.text).charges, []);
});

Deno.test("returns the response when the settlement fails, and notes it in the log", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.reply(200, STARTS);
  ledger.replyAlways(500, "down");
  upstream.reply({ json: completion() });
  const { status } = await probe("/completion", upstream, {
    params: ask,
    values: withLedger(ledger),
  });
  assertEquals(status, 200);
  assertMatch(String(logs.at(-1)!.notice), /^Usage was not settled/);
});

Deno.test("settles a second time after a failure", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.reply(200, STARTS);
  ledger.reply(502, "down");
  ledger.reply(200, COMMITTED);
  upstream.reply({ json: completion() });
  await probe("/completion", upstream, { params: ask, values: withLedger(ledger) });
  assertEquals(ledger.requests.map(({ line }) => line), [COMMIT, COMMIT, COMMIT]);
  assertEquals(ledger.requests[1]!.text, ledger.requests[2]!.text);
  assertEquals(logs.at(-1)!.notice, undefined);
});

Deno.test("waits 2 seconds for each attempt to settle", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.reply(200, STARTS);
  ledger.hang();
  upstream.reply({ json: completion() });
  const waits: number[] = [];
  const { status } = await withShortWaits(
    () => probe("/completion", upstream, { params: ask, values: withLedger(ledger) }),
    waits,
  );
  assertEquals(status, 200);
  assertEquals(waits.slice(-2), [2_000, 2_000]);
  assertMatch(String(logs.at(-1)!.notice), /^Usage was not settled/);
});

for (
  const [refusal, status, code] of [
    [{ refused: "user_requests_per_minute", retry_after: 12 }, 429, "RATE_LIMITED"],
    [{ refused: "project_usd_per_day", retry_after: 12 }, 402, "BILLING_INSUFFICIENT_BALANCE"],
    [{ refused: "in_flight", retry_after: 12 }, 429, "RATE_LIMITED"],
    [
      { refused: "request_usd", usd: 330, left_usd: 0.5 },
      402,
      "BILLING_INSUFFICIENT_BALANCE",
    ],
  ] as const
) {
  Deno.test(`returns ${status} and sends nothing when the ledger says ${refusal.refused}`, async () => {
    await using ledger = createInsForge();
    await using upstream = await createUpstream();
    ledger.replyAlways(200, { ...COMMITTED, decisions: [refusal] });
    for (const path of ["/completion", "/stream"] as const) {
      const answer = await probe(path, upstream, { params: ask, values: withLedger(ledger) });
      assertEquals([answer.status, answer.body.error], [status, code]);
      const wait = "retry_after" in refusal ? "12" : null;
      assertEquals(answer.headers.get("retry-after"), wait);
    }
    assertEquals(ledger.requests.map(({ line }) => line), [COMMIT, COMMIT]);
  });
}

for (
  const [setting, values] of Object.entries({
    USER_USD_PER_DAY: LIMIT,
    PROJECT_USD_PER_MONTH: { PROJECT_USD_PER_MONTH: "10" },
    KEYS_ENCRYPTION_KEY: OWN_KEYS,
    REQUIRE_USER_KEY: { REQUIRE_USER_KEY: "true" },
  })
) {
  Deno.test(`returns an error that names what is missing when ${setting} is set without a ledger`, async () => {
    await using ledger = createInsForge();
    await using upstream = await createUpstream();
    const cases: [number, unknown, Record<string, string | undefined>, number, RegExp][] = [
      [404, MISSING, {}, 500, /apply migrations\//],
      [200, STARTS, { API_KEY: undefined }, 500, /API_KEY is missing/],
      [401, { error: "AUTH_UNAUTHORIZED" }, {}, 500, /rejects the setting API_KEY/],
      [500, "down", {}, 502, /InsForge/],
    ];
    for (const [status, body, more, expected, message] of cases) {
      ledger.replyAlways(status, body);
      const all = { ...withoutLimits(ledger), ...values, ...more } as Record<string, string>;
      const answer = await probe("/completion", upstream, { params: ask, values: all });
      assertEquals(answer.status, expected);
      assertMatch(answer.body.message, message);
      if (expected === 500) assertMatch(answer.body.message, new RegExp(setting));
    }
  });
}

Deno.test("works without limits when the ledger is missing, and notes it once", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.replyAlways(404, MISSING);
  const before = logs.length;
  for (let i = 0; i < 3; i++) {
    upstream.reply({ json: completion() });
    const values = withoutLimits(ledger);
    assertEquals((await probe("/completion", upstream, { params: ask, values })).status, 200);
  }
  const notices = logs.slice(before).map(({ notice }) => notice).filter(Boolean);
  assertEquals(notices.length <= 1, true);
  assertEquals(ledger.requests.length, 2, "two attempts to settle the first call");
});

Deno.test("calls OpenRouter with the user's own key", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.reply(200, { ...COMMITTED, decisions: [{ key: await seal("sk-or-v1-own") }] });
  ledger.replyAlways(200, COMMITTED);
  upstream.reply({ json: completion() });
  const values = { ...withoutLimits(ledger), ...OWN_KEYS };
  assertEquals((await probe("/completion", upstream, { params: ask, values })).status, 200);
  assertEquals(upstream.requests[0]!.headers.get("authorization"), "Bearer sk-or-v1-own");
  const { reservations, limits } = JSON.parse(ledger.requests[0]!.text);
  assertEquals([reservations[0].use_key, limits], [true, {}]);
  const { charges, ended } = JSON.parse(ledger.requests[1]!.text);
  assertEquals([charges[0].own_key, ended], [true, []]);
});

Deno.test("returns 403 when OpenRouter refuses the user's own key", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  for (const status of [401, 403]) {
    ledger.reply(200, { ...COMMITTED, decisions: [{ key: await seal("sk-or-v1-own") }] });
    upstream.reply({ status, json: { error: { code: status, message: "Permission denied" } } });
    const values = { ...withoutLimits(ledger), ...OWN_KEYS };
    const answer = await probe("/completion", upstream, { params: ask, values });
    assertEquals([answer.status, answer.body.error], [403, "AI_INVALID_API_KEY"]);
  }
});

Deno.test("returns 402 about the user's own account when it has no credits", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  for (
    const error of [
      { code: 402, message: "Insufficient credits" },
      { code: 403, message: "Key limit exceeded (total limit). Manage it using https://or.test" },
    ]
  ) {
    ledger.reply(200, { ...COMMITTED, decisions: [{ key: await seal("sk-or-v1-own") }] });
    upstream.reply({ status: error.code, json: { error } });
    const values = { ...withoutLimits(ledger), ...OWN_KEYS };
    const { status, body } = await probe("/completion", upstream, { params: ask, values });
    assertEquals([status, body.error], [402, "BILLING_INSUFFICIENT_BALANCE"]);
    assertMatch(body.message, /Your OpenRouter account/);
  }
});

Deno.test("reports the failure of the user's own key in the middle of a stream", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  for (
    const [status, code] of [
      [401, "AI_INVALID_API_KEY"],
      [402, "BILLING_INSUFFICIENT_BALANCE"],
    ] as const
  ) {
    ledger.reply(200, { ...COMMITTED, decisions: [{ key: await seal("sk-or-v1-own") }] });
    ledger.reply(200, COMMITTED);
    const error = `data: ${JSON.stringify({ error: { code: status, message: "m" }, choices: [] })}`;
    upstream.reply({ sse: [chunk({ content: "a" }), `${error}\n\n`] });
    const values = { ...withoutLimits(ledger), ...OWN_KEYS };
    const { text } = await probe("/stream", upstream, { params: ask, values });
    assertMatch(
      text,
      new RegExp(`"code":"${code}","message":"[^"]*(connected|OpenRouter) account`),
    );
    assertEquals(text.includes("project"), false);
  }
});

Deno.test("returns 403 when the stored key cannot be opened, and does not use the project's key", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.reply(200, {
    ...COMMITTED,
    decisions: [{ key: await seal("sk-or-v1-own", "another-user") }],
  });
  ledger.replyAlways(200, COMMITTED);
  const values = { ...withoutLimits(ledger), ...OWN_KEYS };
  const answer = await probe("/completion", upstream, { params: ask, values });
  assertEquals([answer.status, answer.body.error], [403, "AI_INVALID_API_KEY"]);
  assertEquals(ledger.requests.length, 1, "there is nothing to settle");
});

Deno.test("returns 403 when an own key is required and the user has none", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.reply(200, STARTS);
  ledger.replyAlways(200, COMMITTED);
  const values = { ...withLedger(ledger), ...LIMIT, ...OWN_KEYS, REQUIRE_USER_KEY: "true" };
  const answer = await probe("/completion", upstream, { params: ask, values });
  assertEquals([answer.status, answer.body.error], [403, "AI_INVALID_API_KEY"]);
  // A limit of the project must not hide that the user has to connect an account.
  assertEquals(JSON.parse(ledger.requests[0]!.text).limits, {});
  assertMatch(answer.body.nextActions, /connect/i);
  assertEquals(ledger.requests.map(({ line }) => line), [COMMIT]);
});

/** Settings with a limit, so that calls are reserved. */
function withLedger({ url }: { url: string }): Record<string, string> {
  return { ...withoutLimits({ url }), ...LIMIT };
}

function withoutLimits({ url }: { url: string }): Record<string, string> {
  return { API_KEY, INSFORGE_BASE_URL: url };
}

function seal(key: string, userId = USER_ID): Promise<string> {
  return sealUserKey(key, userId, createSettings(createEnvironment(OWN_KEYS)));
}

/** Calls with a good ledger, and returns the charges that were settled. */
async function settleOf(
  path: "/completion" | "/stream" | "/images",
  replies: Parameters<Awaited<ReturnType<typeof createUpstream>>["reply"]>,
  more: Record<string, unknown> = {},
  values: Record<string, string> = {},
): Promise<RecordedCharge[]> {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.reply(200, STARTS);
  ledger.replyAlways(200, COMMITTED);
  upstream.reply(...replies);
  await probe(path, upstream, {
    params: { ...ask, ...more },
    values: { ...withLedger(ledger), ...values },
  });
  assertEquals(ledger.requests.map(({ line }) => line), [COMMIT, COMMIT]);
  return JSON.parse(ledger.requests[1]!.text).charges;
}
