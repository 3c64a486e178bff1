import { mock } from "node:test";
import { SignJWT } from "jose";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { createApp } from "../../../shared/http/app.ts";
import { requireUser } from "../../../shared/auth/user_token.ts";
import {
  createEnvironment,
  createHmacToken,
  createToken,
  logs,
  send,
  TOKEN,
  USER_ID,
} from "../../support/caller.ts";
import { createInsForge } from "../fake_insforge.ts";
import { withShortWaits } from "../openrouter/short_waits.ts";

const CURRENT = "GET /api/auth/sessions/current";
const now = Math.floor(Date.now() / 1_000);
const environment = createEnvironment();
const PEM = environment.get("JWT_PUBLIC_KEY")!;
/** Settings without a key to verify tokens with. */
const KEYLESS = { JWT_PUBLIC_KEY: undefined, JWT_KEY_ID: undefined, JWT_SECRET: undefined };

const { app, handler } = createApp("probe");
app.post("/", async ({ env: call, json }) => {
  const { id, token } = await requireUser(call);
  return json({ id, own: call.request.headers.get("Authorization") === `Bearer ${token}` });
});

for (
  const header of [
    undefined,
    "",
    "Bearer",
    "Bearer ",
    "Basic dTpw",
    `Bearer${TOKEN}`,
    "Bearer a b",
  ]
) {
  Deno.test(`the header Authorization: ${header?.slice(0, 12)} returns 401 AUTH_INVALID_CREDENTIALS`, async () => {
    const headers: Record<string, string> = header === undefined ? {} : { Authorization: header };
    const answer = await send(handler, environment, {}, { token: null, headers });
    assertEquals([answer.status, answer.body.error], [401, "AUTH_INVALID_CREDENTIALS"]);
    assertMatch(answer.headers.get("www-authenticate")!, /^Bearer/);
  });
}

/** Credentials that are not a user's access token; InsForge is never asked about them. */
const REJECTED: Record<string, string> = {
  "garbage": "garbage",
  "three parts of garbage": "a.b.c",
  "the anon key": "anon_0123456789",
  "the API key": "ik_0123456789",
  "an expired token": await createToken({ iat: now - 1_000, exp: now - 1 }),
  "a token of the future": await createToken({ nbf: now + 600 }),
  "a token without a subject": await createToken({ sub: undefined }),
  "a token with an empty subject": await createToken({ sub: "" }),
  "a token whose subject is not a text": await createToken({ sub: 7 }),
  "a token whose subject is too long for an index": await createToken({ sub: "u".repeat(256) }),
  "a token whose subject contains NUL": await createToken({ sub: "u\0" }),
  "a token whose subject ends in half a character": await createToken({ sub: "u\ud800" }),
  "an administrator's token": await createToken({ role: "project_admin" }),
  "an anonymous token": await createToken({ role: "anon" }),
  "a token with a list of roles": await createToken({ role: ["authenticated"] }),
  "a refresh token": await createHmacToken({ sub: USER_ID, type: "refresh", iss: "insforge" }),
  "an access token that says it is a refresh token": await createToken({ type: "refresh" }),
  "a token with a changed payload": tamper(TOKEN, 1, { sub: "somebody-else" }),
  "a token with a changed header": tamper(TOKEN, 0, { typ: "x" }),
  "a token with a changed signature": `${TOKEN.slice(0, -8)}AAAAAAAA`,
  "a token without a signature": TOKEN.slice(0, TOKEN.lastIndexOf(".") + 1),
  "alg none": `${encode({ alg: "none" })}.${TOKEN.split(".")[1]}.`,
  "alg none with a signature": `${encode({ alg: "none" })}.${TOKEN.split(".").slice(1).join(".")}`,
  "alg HS256, signed with the public key": await createHmacToken({ sub: USER_ID }, PEM),
  "alg HS256, signed with another secret": await createHmacToken({ sub: USER_ID }, "x".repeat(32)),
  "alg HS512": await signHs512(),
  "alg RS256 on an HMAC signature": tamper(await createHmacToken({ sub: "u" }), 0, {
    alg: "RS256",
    kid: "kid_test",
  }),
  "an unknown critical header": tamper(TOKEN, 0, { crit: ["x"], x: 1 }),
  "an algorithm that is not a text": tamper(TOKEN, 0, { alg: { toString: null } }),
};

for (const [kind, token] of Object.entries(REJECTED)) {
  Deno.test(`${kind} returns 401 AUTH_UNAUTHORIZED without a call to InsForge`, async () => {
    await using insforge = createInsForge();
    const settings = createEnvironment({ INSFORGE_BASE_URL: insforge.url });
    const answer = await send(handler, settings, {}, { token });
    assertEquals([answer.status, answer.body.error], [401, "AUTH_UNAUTHORIZED"]);
    assertMatch(answer.headers.get("www-authenticate")!, /^Bearer/);
    assertEquals(insforge.requests, []);
    assert(!JSON.stringify([answer.text, logs.at(-1)]).includes(token));
  });
}

/** Tokens of users, and the id of each user. */
const ACCEPTED: [kind: string, token: string, id: string][] = [
  ["InsForge, RS256", await createToken(), USER_ID],
  [
    "InsForge, HS256",
    await createHmacToken({ sub: USER_ID, role: "authenticated" }),
    USER_ID,
  ],
  [
    "third-party sign-in, without a role and a UUID",
    await createHmacToken({ sub: "user_2ab|x" }),
    "user_2ab|x",
  ],
  [
    "third-party sign-in, without an expiry",
    await createHmacToken({ sub: "u", exp: undefined }),
    "u",
  ],
];

for (const [kind, token, id] of ACCEPTED) {
  Deno.test(`a token of ${kind} is verified without a call to InsForge`, async () => {
    const { status, body } = await send(handler, environment, {}, { token });
    assertEquals([status, body], [200, { id, own: true }]);
    assertEquals(logs.at(-1)!.user_id, id);
    assert(!JSON.stringify(logs.at(-1)).includes(token));
  });
}

Deno.test("a verified token is remembered only for the keys that it was verified with", async () => {
  const token = await createHmacToken({ sub: "u" });
  assertEquals((await send(handler, environment, {}, { token })).status, 200);
  const rotated = createEnvironment({ JWT_SECRET: "another-secret-0123456789abcdef" });
  assertEquals((await send(handler, rotated, {}, { token })).status, 401);
  assertEquals((await send(handler, environment, {}, { token })).status, 200);
});

for (
  const [kind, values, token] of [
    ["when no key is configured", KEYLESS, await createToken({ jti: "1" })],
    ["when AUTH_STRICT is set", { AUTH_STRICT: "true" }, await createToken({ jti: "2" })],
    [
      "of HS256 when no secret is configured",
      { JWT_SECRET: undefined },
      await createHmacToken({ sub: USER_ID, jti: "3" }, PEM),
    ],
  ] as const
) {
  Deno.test(`InsForge judges a token ${kind}`, async () => {
    await using insforge = createInsForge();
    insforge.reply(401, { error: "AUTH_UNAUTHORIZED", message: "Invalid token", statusCode: 401 });
    insforge.reply(200, { user: { id: USER_ID, email: "a@example.com" } });
    const settings = createEnvironment({
      ...values,
      INSFORGE_BASE_URL: "http://127.0.0.1:9",
      INSFORGE_INTERNAL_URL: insforge.url,
    });
    const rejected = await send(handler, settings, {}, { token });
    assertEquals([rejected.status, rejected.body.error], [401, "AUTH_UNAUTHORIZED"]);
    const accepted = await send(handler, settings, {}, { token });
    assertEquals([accepted.status, accepted.body.id], [200, USER_ID]);
    assertEquals(insforge.requests.map(({ line }) => line), [CURRENT, CURRENT]);
    assertEquals(insforge.requests[0]!.headers.get("authorization"), `Bearer ${token}`);
  });
}

/** Responses of InsForge that say nothing about the caller. */
const OUTAGES: [status: number, body: unknown][] = [
  [200, {}],
  [200, { user: null }],
  [200, { user: {} }],
  [200, "<html>a proxy's page</html>"],
  [404, { error: "NOT_FOUND", message: "m", statusCode: 404 }],
  [429, { error: "TOO_MANY_REQUESTS", message: "m", statusCode: 429 }],
  [500, { error: "INTERNAL_ERROR", message: "m", statusCode: 500 }],
  [503, "upstream connect error"],
];

for (const [status, body] of OUTAGES) {
  Deno.test(`a response ${status} ${JSON.stringify(body)} of InsForge returns 502, not 401`, async () => {
    await using insforge = createInsForge();
    insforge.replyAlways(status, body);
    const settings = createEnvironment({ ...KEYLESS, INSFORGE_BASE_URL: insforge.url });
    const answer = await send(handler, settings, {}, { token: await createToken({ jti: "o" }) });
    assertEquals([answer.status, answer.body.error], [502, "UPSTREAM_FAILURE"]);
    assertEquals(answer.headers.get("www-authenticate"), null);
    assert(!answer.text.includes(insforge.url));
  });
}

Deno.test("returns 502 without the URL when InsForge cannot be reached", async () => {
  const settings = createEnvironment({ ...KEYLESS, INSFORGE_BASE_URL: "http://127.0.0.1:9" });
  const answer = await send(handler, settings, {}, { token: await createToken({ jti: "down" }) });
  assertEquals([answer.status, answer.body.error], [502, "UPSTREAM_FAILURE"]);
  assert(!answer.text.includes("127.0.0.1"));
});

Deno.test("returns 502 when InsForge does not respond in time", async () => {
  await using insforge = createInsForge();
  insforge.hang();
  const settings = createEnvironment({ ...KEYLESS, INSFORGE_BASE_URL: insforge.url });
  const token = await createToken({ jti: "slow" });
  const answer = await withShortWaits(() => send(handler, settings, {}, { token }));
  assertEquals([answer.status, answer.body.error], [502, "UPSTREAM_FAILURE"]);
});

Deno.test("returns 500 with the name of the setting when INSFORGE_BASE_URL is missing", async () => {
  const settings = createEnvironment({ ...KEYLESS, INSFORGE_BASE_URL: undefined });
  const token = await createToken({ jti: "nowhere" });
  const { status, body } = await send(handler, settings, {}, { token });
  assertEquals([status, body.error], [500, "INTERNAL_ERROR"]);
  assertMatch(body.message, /INSFORGE_BASE_URL/);
});

Deno.test("a token that InsForge accepted is remembered for 60 seconds, a rejected one is not", async () => {
  await using insforge = createInsForge();
  const settings = createEnvironment({ ...KEYLESS, INSFORGE_BASE_URL: insforge.url });
  const token = await createToken({ jti: "remembered" });
  const start = Date.now();
  const statusAfter = async (seconds: number) => {
    mock.method(Date, "now", () => start + seconds * 1_000);
    try {
      return (await send(handler, settings, {}, { token })).status;
    } finally {
      mock.restoreAll();
    }
  };
  insforge.reply(401, { error: "AUTH_UNAUTHORIZED" });
  assertEquals(await statusAfter(0), 401);
  insforge.reply(200, { user: { id: USER_ID } });
  assertEquals(await statusAfter(0), 200);
  assertEquals(await statusAfter(59), 200);
  assertEquals(insforge.requests.length, 2);
  insforge.reply(401, { error: "AUTH_UNAUTHORIZED" });
  assertEquals(await statusAfter(60), 401);
  assertEquals(insforge.requests.length, 3);
});

Deno.test("a token is not remembered past its expiry", async () => {
  await using insforge = createInsForge();
  const settings = createEnvironment({ ...KEYLESS, INSFORGE_BASE_URL: insforge.url });
  const token = await createToken({ jti: "ending", exp: now + 30 });
  insforge.reply(200, { user: { id: USER_ID } });
  assertEquals((await send(handler, settings, {}, { token })).status, 200);
  insforge.reply(401, { error: "AUTH_UNAUTHORIZED" });
  mock.method(Date, "now", () => (now + 30) * 1_000);
  try {
    assertEquals((await send(handler, settings, {}, { token })).status, 401);
  } finally {
    mock.restoreAll();
  }
});

Deno.test("AUTH_STRICT asks InsForge on every request", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, { user: { id: USER_ID } });
  insforge.reply(401, { error: "AUTH_UNAUTHORIZED" });
  const strict = createEnvironment({ AUTH_STRICT: "true", INSFORGE_BASE_URL: insforge.url });
  const token = await createToken({ jti: "strict" });
  assertEquals((await send(handler, strict, {}, { token })).status, 200);
  assertEquals((await send(handler, strict, {}, { token })).status, 401);
});

Deno.test("AUTH_STRICT asks InsForge only about tokens whose signature is right", async () => {
  await using insforge = createInsForge();
  const strict = createEnvironment({ AUTH_STRICT: "true", INSFORGE_BASE_URL: insforge.url });
  const token = tamper(TOKEN, 1, { sub: "somebody-else" });
  assertEquals((await send(handler, strict, {}, { token })).status, 401);
  assertEquals(insforge.requests, []);
});

function encode(value: unknown): string {
  return btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The token with `claims` laid over one of its parts, its signature as it was. */
function tamper(token: string, part: number, claims: Record<string, unknown>): string {
  const parts = token.split(".");
  const text = atob(parts[part]!.replaceAll("-", "+").replaceAll("_", "/"));
  parts[part] = encode({ ...JSON.parse(text), ...claims });
  return parts.join(".");
}

function signHs512(): Promise<string> {
  const secret = new TextEncoder().encode(environment.get("JWT_SECRET"));
  return new SignJWT({ sub: USER_ID, exp: now + 900 }).setProtectedHeader({ alg: "HS512" })
    .sign(secret);
}
