/** Failures of `connect`: of OpenRouter, of InsForge, and in the request. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import handler from "../../functions/connect/index.ts";
import { sealState } from "../../functions/connect/state.ts";
import { createSettings } from "../../shared/settings.ts";
import { sealUserKey } from "../../shared/user_keys/user_key.ts";
import { createInsForge, gateway } from "../shared/fake_insforge.ts";
import { createEnvironment, logs, send, USER_ID } from "../support/caller.ts";
import { createUpstream, type Reply } from "../support/upstream.ts";

const RETURN_URL = "https://app.example.com/settings";
const USER_KEY = "sk-or-v1-canary-user-key-0123456789";
const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const GIVEN = { json: { key: USER_KEY, user_id: null } };
const FACTS = { json: { data: { label: "sk-or-v1-can...789", limit: null, usage: 0.5 } } };

/** A project with a scripted OpenRouter and a scripted InsForge. */
async function createProject(values: Record<string, string | undefined> = {}) {
  const upstream = await createUpstream();
  const insforge = createInsForge();
  const environment = createEnvironment({
    OPENROUTER_BASE_URL: upstream.url,
    INSFORGE_BASE_URL: insforge.url,
    API_KEY: "ik_canary0123456789abcdef",
    KEYS_ENCRYPTION_KEY: "a1".repeat(32),
    CONNECT_RETURN_URLS: RETURN_URL,
    ...values,
  });
  const settings = createSettings(environment);
  return {
    upstream,
    insforge,
    settings,
    async call(path: string, body?: unknown, method = "POST") {
      const answer = await send(handler, environment, body, { path: `/connect${path}`, method });
      const { length } = [USER_KEY, VERIFIER].filter((secret) => answer.text.includes(secret));
      assertEquals(length, 0, answer.text);
      return answer;
    },
    /** The request of the app's page after OpenRouter has led the user back. */
    async comeBack() {
      const expiresAt = Date.now() + 60_000;
      const flow = { userId: USER_ID, verifier: VERIFIER, returnUrl: RETURN_URL, expiresAt };
      return { code: "canary-code", state: await sealState(flow, settings) };
    },
    async [Symbol.asyncDispose]() {
      await insforge[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

Deno.test("POST /connect/start returns OpenRouter's URL, with the state in the callback URL", async () => {
  await using project = await createProject();
  project.insforge.reply(200, []);
  const { status, body } = await project.call("/start", { return_url: RETURN_URL });
  assertEquals(status, 200);
  const url = new URL(body.url);
  assertEquals(url.origin + url.pathname, `${new URL(project.upstream.url).origin}/auth`);
  const { callback_url, code_challenge, code_challenge_method, ...rest } = Object.fromEntries(
    url.searchParams,
  );
  assertEquals([code_challenge_method, rest], ["S256", {}]);
  assertMatch(code_challenge!, /^[\w-]{43}$/);
  const callback = new URL(callback_url!);
  assertEquals(callback.origin + callback.pathname, RETURN_URL);
  assertEquals([...callback.searchParams.keys()], ["connect_state"]);
  assertEquals(url.href.length < 2_000, true);
});

Deno.test("POST /connect/callback sends code, verifier and method, without the project's key", async () => {
  await using project = await createProject();
  project.upstream.reply(GIVEN, FACTS);
  project.insforge.reply(201, [{}]);
  const { status, body } = await project.call("/callback", await project.comeBack());
  assertEquals([status, body.connected, body.limit, body.usage], [200, true, null, 0.5]);
  const [exchange, check] = project.upstream.requests;
  assertEquals([exchange!.method, exchange!.path], ["POST", "/api/v1/auth/keys"]);
  assertEquals(exchange!.headers.get("authorization"), null);
  assertEquals(exchange!.body, {
    code: "canary-code",
    code_verifier: VERIFIER,
    code_challenge_method: "S256",
  });
  assertEquals([check!.method, check!.path], ["GET", "/api/v1/key"]);
  assertEquals(check!.headers.get("authorization"), `Bearer ${USER_KEY}`);
  const { line, text, headers } = project.insforge.requests[0]!;
  assertEquals(line, "POST /api/database/records/ai_user_keys");
  assertMatch(headers.get("prefer")!, /merge-duplicates/);
  assertEquals(text.includes(USER_KEY), false);
});

for (
  const [name, reply, status, code] of [
    ["Invalid code_challenge_method", refusal(400), 400, "INVALID_INPUT"],
    ["Invalid code or code_verifier", refusal(403), 403, "FORBIDDEN"],
    ["a server error", refusal(500), 502, "AI_UPSTREAM_UNAVAILABLE"],
    ["method not allowed", refusal(405), 502, "AI_UPSTREAM_UNAVAILABLE"],
    ["an HTML page", { status: 403, text: "<html>" }, 502, "AI_UPSTREAM_UNAVAILABLE"],
    ["not found", { status: 404, text: "<html>" }, 502, "AI_UPSTREAM_UNAVAILABLE"],
    ["too many requests", refusal(429), 429, "RATE_LIMITED"],
    ["a redirect", { status: 302, headers: { location: "/" } }, 502, "AI_UPSTREAM_UNAVAILABLE"],
    ["no JSON", { text: "<html>" }, 502, "AI_UPSTREAM_UNAVAILABLE"],
    ["no key", { json: { user_id: "u" } }, 502, "AI_UPSTREAM_UNAVAILABLE"],
    ["null", { json: null }, 502, "AI_UPSTREAM_UNAVAILABLE"],
    ["a key that cannot be a header", { json: { key: "a\nb" } }, 502, "AI_UPSTREAM_UNAVAILABLE"],
    ["nothing", { reset: true }, 502, "AI_UPSTREAM_UNAVAILABLE"],
  ] as [string, Reply, number, string][]
) {
  Deno.test(`POST /connect/callback returns ${status} when OpenRouter's exchange responds with ${name}`, async () => {
    await using project = await createProject();
    project.upstream.reply(reply);
    const answer = await project.call("/callback", await project.comeBack());
    assertEquals([answer.status, answer.body.error], [status, code]);
    assertEquals(project.insforge.requests, []);
    if (status < 429) assertStringIncludes(answer.body.nextActions, "route=start");
  });
}

Deno.test("POST /connect/callback names OpenRouter's reason for refusing a code, without secrets", async () => {
  await using project = await createProject();
  const rows: [status: number, error: unknown, reason: string][] = [
    [403, { code: 403, message: "Authorization code expired" }, "Authorization code expired"],
    [400, { code: 400, message: "Invalid code_challenge_method" }, "Invalid code_challenge_method"],
    [403, { code: 403, message: "Unknown canary-code." }, "Unknown [removed]"],
    [403, undefined, "it was used before, has expired or belongs to another flow"],
  ];
  for (const [status, error, reason] of rows) {
    project.upstream.reply({ status, json: { error } });
    const answer = await project.call("/callback", await project.comeBack());
    assertEquals([answer.status, answer.body.message], [
      status,
      `OpenRouter refused the code: ${reason}`,
    ]);
  }
});

Deno.test("POST /connect/callback does not store a key that OpenRouter rejects", async () => {
  await using project = await createProject();
  for (const reply of [refusal(401), refusal(500), { json: {} }]) {
    project.upstream.reply(GIVEN, reply);
    const { status, body } = await project.call("/callback", await project.comeBack());
    assertEquals([status, body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);
  }
  assertEquals(project.insforge.requests, []);
});

for (
  const [name, [status, body], expected, mention] of [
    ["a missing table", [404, { code: "PGRST205", message: "m" }], 500, "migrations/"],
    ["a rejected key", [401, gateway(401, "AUTH_INVALID_API_KEY")], 500, "API_KEY"],
    ["no rights", [403, { code: "42501", message: "permission denied" }], 500, "API_KEY"],
    ["a failure", [500, gateway(500, "INTERNAL_ERROR")], 502, "InsForge"],
    ["a page", [200, "<html>"], 502, "InsForge"],
  ] as [string, [number, unknown], number, string][]
) {
  Deno.test(`every operation fails when InsForge responds with ${name}`, async () => {
    await using project = await createProject();
    project.insforge.replyAlways(status, body);
    for (
      const answer of [
        await project.call("/start", { return_url: RETURN_URL }),
        await project.call("/status", undefined, "GET"),
        await project.call("/disconnect", {}),
      ]
    ) {
      assertEquals(answer.status, expected);
      assertStringIncludes(answer.body.message, mention);
    }
  });
}

Deno.test("POST /connect/key checks the key with OpenRouter and stores it encrypted", async () => {
  await using project = await createProject();
  project.upstream.reply(FACTS);
  project.insforge.reply(201, [{}]);
  const { status, body } = await project.call("/key", { key: USER_KEY });
  assertEquals([status, body.connected, body.valid, body.label], [
    200,
    true,
    true,
    "sk-or-v1-can...789",
  ]);
  const [check] = project.upstream.requests;
  assertEquals([check!.method, check!.path], ["GET", "/api/v1/key"]);
  assertEquals(check!.headers.get("authorization"), `Bearer ${USER_KEY}`);
  const { line, text, headers } = project.insforge.requests[0]!;
  assertEquals(line, "POST /api/database/records/ai_user_keys");
  assertMatch(headers.get("prefer")!, /merge-duplicates/);
  assertEquals(text.includes(USER_KEY), false);
  assertEquals(JSON.stringify(logs).includes(USER_KEY), false);
});

for (
  const [name, reply, status, message] of [
    ["401", refusal(401), 400, '"key" must be a key that OpenRouter accepts'],
    ["403", refusal(403), 400, '"key" must be a key that OpenRouter accepts'],
    ["a server error", refusal(503), 502, undefined],
    ["an HTML page", { status: 403, text: "<html>" }, 502, undefined],
    ["no facts", { json: {} }, 502, undefined],
    ["too many requests", refusal(429), 429, undefined],
  ] as [string, Reply, number, string | undefined][]
) {
  Deno.test(`POST /connect/key returns ${status} and stores nothing when OpenRouter responds with ${name}`, async () => {
    await using project = await createProject();
    project.upstream.reply(reply);
    const answer = await project.call("/key", { key: USER_KEY });
    assertEquals(answer.status, status);
    if (message) assertEquals(answer.body.message, message);
    assertEquals(project.insforge.requests, []);
    assertEquals(JSON.stringify(logs).includes(USER_KEY), false);
  });
}

Deno.test("POST /connect/key sends the key nowhere when a setting is missing or wrong", async () => {
  for (
    const [values, named] of [
      [{ KEYS_ENCRYPTION_KEY: undefined }, "KEYS_ENCRYPTION_KEY"],
      [{ AI_GATEWAY: "pinata" }, "AI_GATEWAY"],
    ] as const
  ) {
    await using project = await createProject(values);
    const { status, body } = await project.call("/key", { key: USER_KEY });
    assertEquals([status, body.error], [500, "INTERNAL_ERROR"]);
    assertStringIncludes(body.message, named);
    assertEquals([project.upstream.requests.length, project.insforge.requests.length], [0, 0]);
  }
});

Deno.test("POST /connect/start returns an error with another gateway, which cannot use the key", async () => {
  await using project = await createProject({ AI_GATEWAY: "pinata" });
  const { status, body } = await project.call("/start", { return_url: RETURN_URL });
  assertEquals([status, body.error], [500, "INTERNAL_ERROR"]);
  assertStringIncludes(body.message, "AI_GATEWAY");
});

Deno.test("POST /connect/start names API_KEY when it is missing", async () => {
  await using project = await createProject({ API_KEY: undefined });
  const { status, body } = await project.call("/start", { return_url: RETURN_URL });
  assertEquals([status, body.error], [500, "INTERNAL_ERROR"]);
  assertStringIncludes(body.message, "API_KEY");
});

Deno.test("GET /connect/status does not report an invalid key when OpenRouter is down", async () => {
  await using project = await createProject();
  const key = await sealUserKey(USER_KEY, USER_ID, project.settings);
  const created_at = new Date().toISOString();
  project.insforge.replyAlways(200, [{ user_id: USER_ID, key, label: null, created_at }]);
  project.upstream.reply(
    { status: 503, text: "<html>" },
    { status: 403, text: "<!DOCTYPE html>Blocked" },
    { status: 401, json: {} },
  );
  for (let i = 0; i < 2; i++) {
    const down = await project.call("/status", undefined, "GET");
    assertEquals([down.status, down.body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);
  }
  const refused = await project.call("/status", undefined, "GET");
  assertEquals([refused.status, refused.body.connected, refused.body.valid], [200, true, false]);
});

Deno.test("POST /connect/disconnect deletes a key that cannot be decrypted any more", async () => {
  await using project = await createProject({ KEYS_ENCRYPTION_KEY: undefined });
  project.insforge.reply(200, [{ user_id: USER_ID, key: "0123abcd.x", label: null }]);
  const { status, body } = await project.call("/disconnect", {});
  assertEquals([status, body], [200, { connected: false, required: false }]);

  await using wrong = await createProject({ KEYS_ENCRYPTION_KEY: "wrong" });
  const refused = await wrong.call("/disconnect", {});
  assertStringIncludes(refused.body.message, "KEYS_ENCRYPTION_KEY");
  assertEquals([refused.status, wrong.insforge.requests], [500, []]);
});

for (
  const [path, body, message] of [
    ["/start", { return_url: 5 }, '"return_url" must be a string'],
    ["/start", { return_url: "" }, '"return_url" must not be empty'],
    ["/callback", { state: "x" }, '"code" is required'],
    ["/callback", { code: "x" }, '"state" is required'],
    ["/callback", { code: "x", state: "x" }, '"state" must be the one that this function returned'],
    ["/callback", { code: ["x"], state: "x" }, '"code" must be a string'],
    ["/key", {}, '"key" is required'],
    ["/key", { key: "" }, '"key" must not be empty'],
    ["/key", { key: ["sk"] }, '"key" must be a string'],
    ["/key", { key: "sk or" }, '"key" must be printable ASCII without spaces'],
    ["/key", { key: "sk\nor" }, '"key" must be printable ASCII without spaces'],
  ] as const
) {
  Deno.test(`POST /connect${path} rejects ${JSON.stringify(body)}`, async () => {
    await using project = await createProject();
    const answer = await project.call(path, body);
    assertEquals([answer.status, answer.body.message], [400, message]);
  });
}

function refusal(status: number): Reply {
  return { status, json: { error: { code: status, message: `about ${USER_KEY}` } } };
}
