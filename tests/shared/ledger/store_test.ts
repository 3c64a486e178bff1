/** Reserving and settling, with a ledger that answers as it is told to. */
import { assertEquals, assertMatch } from "@std/assert";
import { sealUserKey } from "../../../shared/user_keys/user_key.ts";
import type { Charge } from "../../../shared/ledger/bill.ts";
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

const RESERVE = "POST /api/database/rpc/ai_reserve";
const SETTLE = "POST /api/database/rpc/ai_settle";
const RESERVED = { reservation: "r1", usd_per_token: 0.001, key: null, unreconciled: [] };
const LIMIT = { USER_USD_PER_DAY: "0.5" };
const MISSING = { code: "PGRST202", message: "Could not find the function", hint: null };
const OWN_KEYS = { KEYS_ENCRYPTION_KEY: "A".repeat(43) + "=" };
const ask = { model: "m", max_tokens: 50, messages: [] };

Deno.test("a call is reserved before it is made and settled after, in one round trip each", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.reply(200, RESERVED);
  ledger.replyAlways(204, null);
  upstream.reply({ json: completion(), headers: { "X-Generation-Id": "gen-9" } });
  const { status } = await probe("/completion", upstream, {
    params: ask,
    values: { ...withLedger(ledger), ...LIMIT, USER_REQUESTS_PER_MINUTE: "10" },
  });
  assertEquals([status, ledger.requests.map(({ line }) => line)], [200, [RESERVE, SETTLE]]);
  const [reserve, settle] = ledger.requests.map(({ text }) => JSON.parse(text));
  const { tokens, usd, ...rest } = reserve;
  const promptTokens = tokens - 50;
  assertEquals(promptTokens > 0, true);
  assertEquals(usd, (promptTokens * 3 + 50 * 15) / 1e6);
  assertEquals(rest, {
    user_id: USER_ID,
    slug: "probe",
    model: "m",
    limits: { user_usd_per_day: 0.5, user_requests_per_minute: 10 },
    use_key: false,
  });
  const { prompt_tokens, completion_tokens, cost } = USAGE;
  assertEquals(settle, {
    reservation: "r1",
    charges: [{
      generation_id: "gen-9",
      model: completion().model,
      prompt_tokens,
      completion_tokens,
      usd: cost,
      final: true,
    }],
    reconciled: [],
  });
  for (const { headers } of ledger.requests) {
    assertEquals(headers.get("authorization"), `Bearer ${API_KEY}`);
  }
});

Deno.test("every attempt is charged that says it was billed, whatever is thought of it", async () => {
  const empty = completion({ content: "" }, { usage: { ...USAGE, completion_tokens: 0 } });
  const failed = { error: { code: 502, message: "no" }, usage: USAGE };
  const charges = await settleOf("/completion", [
    { json: empty },
    { json: failed },
    { json: completion() },
  ]);
  assertEquals(charges.map(({ usd }) => usd), [USAGE.cost, USAGE.cost, USAGE.cost]);
});

Deno.test("an answer that says odd things of itself is charged all the same", async () => {
  for (const model of [null, 5, {}, "", "m\0"]) {
    const [charge] = await settleOf("/completion", [{ json: completion({}, { model, id: 7 }) }]);
    assertEquals(charge!.model, model === "m\0" ? "m\ufffd" : "m");
    assertEquals(charge!.usd, USAGE.cost);
    assertEquals(charge!.generation_id, null);
  }
  const [first, last] = streamOf("Hello").slice(1, -1).map((event) =>
    event.replace('"openai/gpt-4o-mini"', "null")
  );
  const [charge] = await settleOf("/stream", [{ sse: [first!, last!, DONE] }]);
  assertEquals(charge!.model, "m");
});

Deno.test("numbers that no database takes are no numbers, and never the end of a settlement", async () => {
  const usage = { prompt_tokens: 1e300, completion_tokens: "many", cost: 1e300 };
  const [charge] = await settleOf("/completion", [{ json: completion({}, { usage }) }]);
  assertEquals([charge!.prompt_tokens, charge!.completion_tokens], [2 ** 31 - 1, 0]);
  assertEquals([charge!.usd, charge!.final], [(2 ** 31 - 1) * RESERVED.usd_per_token, false]);
});

Deno.test("no name of a model keeps a request from its reservation", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  for (const model of ["m\0", "m\ud800", "m".repeat(300)]) {
    ledger.reply(200, RESERVED);
    ledger.reply(204, null);
    upstream.reply({ status: 400, json: { error: { code: 400, message: "no such model" } } });
    await probe("/completion", upstream, { params: { ...ask, model }, values: withLedger(ledger) });
  }
  const models = ledger.requests.filter(({ line }) => line === RESERVE)
    .map(({ text }) => JSON.parse(text).model);
  assertEquals(models, ["m\ufffd", "m\ufffd", "m".repeat(200)]);
});

Deno.test("an image that nobody waited for is charged as one", async () => {
  const values = { REQUEST_DEADLINE_MS: "3000" };
  const { prompt_tokens, completion_tokens } =
    (await settleOf("/images", [{ end: "hang", text: "" }], { max_tokens: undefined }, values))[0]!;
  assertEquals([prompt_tokens > 0, completion_tokens], [true, 4_096]);
});

Deno.test("what was refused by its status, or by an error inside, costs nothing", async () => {
  assertEquals(await settleOf("/completion", [{ status: 400, json: {} }]), []);
  assertEquals(
    await settleOf("/completion", [{ json: { error: { code: 400, message: "no" } } }]),
    [],
  );
});

Deno.test("a usage that states nothing is none: an answer costs its estimate, an error nothing", async () => {
  const usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
  const [charge] = await settleOf("/completion", [{ json: completion({}, { usage }) }]);
  assertEquals([charge!.prompt_tokens > 0, charge!.completion_tokens], [true, 50]);
  const error = { error: { code: 400, message: "no" }, usage };
  assertEquals(await settleOf("/completion", [{ json: error }]), []);
  assertEquals(await settleOf("/stream", [{ sse: [`data: ${JSON.stringify(error)}\n\n`] }]), []);
});

Deno.test("an answer that does not say what it used counts as what was reserved", async () => {
  const { usage: _, ...silent } = completion() as Record<string, unknown>;
  const [charge] = await settleOf("/completion", [{ json: silent }]);
  assertEquals([charge!.completion_tokens, charge!.final], [50, false]);
  assertEquals(charge!.usd, (charge!.prompt_tokens + 50) * RESERVED.usd_per_token);
});

Deno.test("an answer that breaks off is charged by its generation's id until more is known", async () => {
  const headers = { "X-Generation-Id": "gen-7", "Content-Type": "application/json" };
  const [charge] = await settleOf("/completion", [{ text: '{"id":', headers, end: "cut" }]);
  assertEquals([charge!.generation_id, charge!.completion_tokens, charge!.final], [
    "gen-7",
    50,
    false,
  ]);
});

Deno.test("a stream that its caller leaves is charged for what was seen", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.reply(200, RESERVED);
  ledger.replyAlways(204, null);
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

Deno.test("a stream of long chunks is charged for all that was seen, not one token for each", async () => {
  const sse = [1, 2, 3].map(() => chunk({ content: "word ".repeat(1_000) }));
  const params = { ...ask, max_tokens: 9_999 };
  const [charge] = await settleOf("/stream", [{ sse, end: "cut" }], params);
  assertEquals(Math.round(charge!.completion_tokens / 1_000), 4);
});

Deno.test("a stream that was left says what it had cost by then, and not what it comes to", async () => {
  const usage = { ...USAGE, cost: 0.0001, completion_tokens: 1 };
  const running = chunk({ content: "one" }, { usage });
  const cut = await settleOf("/stream", [{ sse: [running], end: "cut" }]);
  assertEquals(cut.map(({ usd, final }) => [usd, final]), [[0.0001, false]]);
  const whole = await settleOf("/stream", [{ sse: [running, chunk({}, { usage }, "stop"), DONE] }]);
  assertEquals(whole.map(({ usd, final }) => [usd, final]), [[0.0001, true]]);
});

Deno.test("no caller can ask for a stream that does not say what it used", async () => {
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

Deno.test("a stream that broke off before its first word is charged, one that was refused is not", async () => {
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

Deno.test("an answer given up at its deadline is charged: it is finished, and billed", async () => {
  const [charge] = await settleOf("/completion", [{ end: "hang", text: "" }], ask, {
    REQUEST_DEADLINE_MS: "3000",
  });
  assertEquals([charge!.completion_tokens, charge!.final], [50, false]);
});

Deno.test("a caller who left before anything was sent is charged nothing", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.reply(200, RESERVED);
  ledger.replyAlways(204, null);
  const values = withLedger(ledger);
  await probe("/completion", upstream, { params: ask, values, signal: AbortSignal.abort() });
  assertEquals(JSON.parse(ledger.requests[1]!.text).charges, []);
});

Deno.test("a settlement that fails takes nothing from the answer, and is told in the log", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.reply(200, RESERVED);
  ledger.replyAlways(500, "down");
  upstream.reply({ json: completion() });
  const { status } = await probe("/completion", upstream, {
    params: ask,
    values: withLedger(ledger),
  });
  assertEquals(status, 200);
  assertMatch(String(logs.at(-1)!.notice), /^Usage was not settled/);
});

Deno.test("a settlement that fails once is tried again", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.reply(200, RESERVED);
  ledger.reply(502, "down");
  ledger.reply(204, null);
  upstream.reply({ json: completion() });
  await probe("/completion", upstream, { params: ask, values: withLedger(ledger) });
  assertEquals(ledger.requests.map(({ line }) => line), [RESERVE, SETTLE, SETTLE]);
  assertEquals(ledger.requests[1]!.text, ledger.requests[2]!.text);
  assertEquals(logs.at(-1)!.notice, undefined);
});

Deno.test("a settlement that hangs is not waited for as long as data are", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.reply(200, RESERVED);
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
  const [refused, in_flight, status, code] of [
    ["user_requests_per_minute", false, 429, "RATE_LIMITED"],
    ["user_tokens_per_day", false, 429, "RATE_LIMITED"],
    ["user_usd_per_day", false, 402, "BILLING_INSUFFICIENT_BALANCE"],
    ["user_usd_per_month", false, 402, "BILLING_INSUFFICIENT_BALANCE"],
    ["project_usd_per_day", false, 402, "BILLING_INSUFFICIENT_BALANCE"],
    ["project_usd_per_month", false, 402, "BILLING_INSUFFICIENT_BALANCE"],
    ["user_usd_per_day", true, 429, "RATE_LIMITED"],
  ] as const
) {
  Deno.test(`${refused}${in_flight ? " in flight" : ""} is a ${status}, and nothing is sent`, async () => {
    await using ledger = createInsForge();
    await using upstream = await createUpstream();
    ledger.reply(200, { refused, retry_after: 12, in_flight });
    for (const path of ["/completion", "/stream"] as const) {
      const answer = await probe(path, upstream, { params: ask, values: withLedger(ledger) });
      assertEquals([answer.status, answer.body.error], [status, code]);
      assertEquals(answer.headers.get("retry-after"), "12");
      ledger.reply(200, { refused, retry_after: 12, in_flight });
    }
    assertEquals(ledger.requests.map(({ line }) => line), [RESERVE, RESERVE]);
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
  Deno.test(`${setting} without a ledger refuses every call, and says what is missing`, async () => {
    await using ledger = createInsForge();
    await using upstream = await createUpstream();
    const cases: [number, unknown, Record<string, string | undefined>, number, RegExp][] = [
      [404, MISSING, {}, 500, /apply migrations\//],
      [200, RESERVED, { API_KEY: undefined }, 500, /API_KEY is missing/],
      [401, { error: "AUTH_UNAUTHORIZED" }, {}, 500, /rejects the setting API_KEY/],
      [500, "down", {}, 502, /InsForge/],
    ];
    for (const [status, body, more, expected, message] of cases) {
      ledger.replyAlways(status, body);
      const all = { ...withLedger(ledger), ...values, ...more } as Record<string, string>;
      const answer = await probe("/completion", upstream, { params: ask, values: all });
      assertEquals(answer.status, expected);
      assertMatch(answer.body.message, message);
      if (expected === 500) assertMatch(answer.body.message, new RegExp(setting));
    }
  });
}

Deno.test("without a limit a missing ledger is no obstacle; the log says so once", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.replyAlways(404, MISSING);
  const before = logs.length;
  for (let i = 0; i < 3; i++) {
    upstream.reply({ json: completion() });
    const values = withLedger(ledger);
    assertEquals((await probe("/completion", upstream, { params: ask, values })).status, 200);
  }
  const notices = logs.slice(before).map(({ notice }) => notice).filter(Boolean);
  assertEquals(notices.length <= 1, true);
  assertEquals(ledger.requests.length, 1);
});

Deno.test("a user's own key pays for their calls", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.reply(200, { ...RESERVED, key: await seal("sk-or-v1-own") });
  ledger.replyAlways(204, null);
  upstream.reply({ json: completion() });
  const values = { ...withLedger(ledger), ...OWN_KEYS };
  assertEquals((await probe("/completion", upstream, { params: ask, values })).status, 200);
  assertEquals(upstream.requests[0]!.headers.get("authorization"), "Bearer sk-or-v1-own");
  assertEquals(JSON.parse(ledger.requests[0]!.text).use_key, true);
});

Deno.test("an own key that OpenRouter refuses is for its owner to mend", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  for (const status of [401, 403]) {
    ledger.reply(200, { ...RESERVED, key: await seal("sk-or-v1-own") });
    ledger.reply(204, null);
    upstream.reply({ status, json: { error: { code: status, message: "Permission denied" } } });
    const values = { ...withLedger(ledger), ...OWN_KEYS };
    const answer = await probe("/completion", upstream, { params: ask, values });
    assertEquals([answer.status, answer.body.error], [403, "AI_INVALID_API_KEY"]);
  }
});

Deno.test("an own account without credits is told apart from the project's", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  for (
    const error of [
      { code: 402, message: "Insufficient credits" },
      { code: 403, message: "Key limit exceeded (total limit). Manage it using https://or.test" },
    ]
  ) {
    ledger.reply(200, { ...RESERVED, key: await seal("sk-or-v1-own") });
    ledger.reply(204, null);
    upstream.reply({ status: error.code, json: { error } });
    const values = { ...withLedger(ledger), ...OWN_KEYS };
    const { status, body } = await probe("/completion", upstream, { params: ask, values });
    assertEquals([status, body.error], [402, "BILLING_INSUFFICIENT_BALANCE"]);
    assertMatch(body.message, /Your OpenRouter account/);
  }
});

Deno.test("an own key that fails in the middle of a stream is not called the project's", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  for (
    const [status, code] of [
      [401, "AI_INVALID_API_KEY"],
      [402, "BILLING_INSUFFICIENT_BALANCE"],
    ] as const
  ) {
    ledger.reply(200, { ...RESERVED, key: await seal("sk-or-v1-own") });
    ledger.reply(204, null);
    const error = `data: ${JSON.stringify({ error: { code: status, message: "m" }, choices: [] })}`;
    upstream.reply({ sse: [chunk({ content: "a" }), `${error}\n\n`] });
    const values = { ...withLedger(ledger), ...OWN_KEYS };
    const { text } = await probe("/stream", upstream, { params: ask, values });
    assertMatch(
      text,
      new RegExp(`"code":"${code}","message":"[^"]*(connected|OpenRouter) account`),
    );
    assertEquals(text.includes("project"), false);
  }
});

Deno.test("a stored key that cannot be opened pays nothing, and the project's does not step in", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.reply(200, { ...RESERVED, key: await seal("sk-or-v1-own", "somebody else") });
  ledger.replyAlways(204, null);
  const values = { ...withLedger(ledger), ...OWN_KEYS };
  const answer = await probe("/completion", upstream, { params: ask, values });
  assertEquals([answer.status, answer.body.error], [403, "AI_INVALID_API_KEY"]);
  assertEquals(JSON.parse(ledger.requests[1]!.text).charges, []);
});

Deno.test("where an own key is required, who has none is told to connect", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.reply(200, RESERVED);
  ledger.replyAlways(204, null);
  const values = { ...withLedger(ledger), ...LIMIT, ...OWN_KEYS, REQUIRE_USER_KEY: "true" };
  const answer = await probe("/completion", upstream, { params: ask, values });
  assertEquals([answer.status, answer.body.error], [403, "AI_INVALID_API_KEY"]);
  // A limit is the project's, which pays for nobody here: no 402 or 429 in this answer's place.
  assertEquals(JSON.parse(ledger.requests[0]!.text).limits, {});
  assertMatch(answer.body.nextActions, /connect/i);
  assertEquals(ledger.requests.map(({ line }) => line), [RESERVE, SETTLE]);
});

function withLedger({ url }: { url: string }): Record<string, string> {
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
): Promise<Charge[]> {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.reply(200, RESERVED);
  ledger.replyAlways(204, null);
  upstream.reply(...replies);
  await probe(path, upstream, {
    params: { ...ask, ...more },
    values: { ...withLedger(ledger), ...values },
  });
  assertEquals(ledger.requests.map(({ line }) => line), [RESERVE, SETTLE]);
  return JSON.parse(ledger.requests[1]!.text).charges;
}
