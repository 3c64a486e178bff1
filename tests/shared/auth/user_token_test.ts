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
/** A project whose functions have no key to verify with. */
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
  Deno.test(`Authorization: ${header?.slice(0, 12)} is no token at all`, async () => {
    const headers: Record<string, string> = header === undefined ? {} : { Authorization: header };
    const answer = await send(handler, environment, {}, { token: null, headers });
    assertEquals([answer.status, answer.body.error], [401, "AUTH_INVALID_CREDENTIALS"]);
    assertMatch(answer.headers.get("www-authenticate")!, /^Bearer/);
  });
}

/** Credentials that are present and no user's; none of them is a question for InsForge. */
const REFUSED: Record<string, string> = {
  "garbage": "garbage",
  "three parts of garbage": "a.b.c",
  "the anon key": "anon_0123456789",
  "the API key": "ik_0123456789",
  "an expired token": await createToken({ iat: now - 1_000, exp: now - 1 }),
  "a token of the future": await createToken({ nbf: now + 600 }),
  "a token without a subject": await createToken({ sub: undefined }),
  "a token with an empty subject": await createToken({ sub: "" }),
  "a token whose subject is no text": await createToken({ sub: 7 }),
  "a token whose subject no index takes": await createToken({ sub: "u".repeat(256) }),
  "a token whose subject no database takes": await createToken({ sub: "u\0" }),
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
};

for (const [kind, token] of Object.entries(REFUSED)) {
  Deno.test(`${kind} is refused with AUTH_UNAUTHORIZED`, async () => {
    await using insforge = createInsForge();
    const settings = createEnvironment({ INSFORGE_BASE_URL: insforge.url });
    const answer = await send(handler, settings, {}, { token });
    assertEquals([answer.status, answer.body.error], [401, "AUTH_UNAUTHORIZED"]);
    assertMatch(answer.headers.get("www-authenticate")!, /^Bearer/);
    assertEquals(insforge.requests, []);
    assert(!JSON.stringify([answer.text, logs.at(-1)]).includes(token));
  });
}

/** Tokens of users, and the id they stand for. */
const TAKEN: [kind: string, token: string, id: string][] = [
  ["InsForge's own, RS256", await createToken(), USER_ID],
  [
    "InsForge's own, HS256",
    await createHmacToken({ sub: USER_ID, role: "authenticated" }),
    USER_ID,
  ],
  [
    "third-party sign-in's, no role and no UUID",
    await createHmacToken({ sub: "user_2ab|x" }),
    "user_2ab|x",
  ],
  ["one without an end", await createHmacToken({ sub: "u", exp: undefined }), "u"],
];

for (const [kind, token, id] of TAKEN) {
  Deno.test(`a token that is ${kind} is verified here`, async () => {
    const { status, body } = await send(handler, environment, {}, { token });
    assertEquals([status, body], [200, { id, own: true }]);
    assertEquals(logs.at(-1)!.user_id, id);
    assert(!JSON.stringify(logs.at(-1)).includes(token));
  });
}

Deno.test("a PEM whose line ends were escaped works, and a bad one is named", async () => {
  const escaped = createEnvironment({ JWT_PUBLIC_KEY: PEM.replaceAll("\n", "\\n") });
  assertEquals((await send(handler, escaped, {})).status, 200);
  for (
    const pem of ["no pem", PEM.replace(/\n\w{20}/, "\n"), PEM.replaceAll("PUBLIC", "PRIVATE")]
  ) {
    await assertNamesKey(pem, TOKEN);
  }
});

Deno.test("a public key too short to be trusted is named, and nobody is told to sign in again", async () => {
  const { publicKey, privateKey } = await crypto.subtle.generateKey(
    {
      name: "RSASSA-PKCS1-v1_5",
      modulusLength: 1_024,
      publicExponent: new Uint8Array([1, 0, 1]),
      hash: "SHA-256",
    },
    true,
    ["sign", "verify"],
  );
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
  const pem = `-----BEGIN PUBLIC KEY-----\n${
    btoa(String.fromCharCode(...spki))
  }\n-----END PUBLIC KEY-----`;
  const signed = `${encode({ alg: "RS256", kid: "kid_test" })}.${encode({ sub: "short" })}`;
  const signature = await crypto.subtle.sign(
    "RSASSA-PKCS1-v1_5",
    privateKey,
    new TextEncoder().encode(signed),
  );
  const token = `${signed}.${new Uint8Array(signature).toBase64({ alphabet: "base64url" })}`;
  await assertNamesKey(pem, token);
});

async function assertNamesKey(pem: string, token: string): Promise<void> {
  const settings = createEnvironment({ JWT_PUBLIC_KEY: pem });
  const { status, body } = await send(handler, settings, {}, { token });
  assertEquals([status, body.error], [500, "INTERNAL_ERROR"]);
  assertMatch(body.message, /^The setting JWT_PUBLIC_KEY must be/);
}

Deno.test("a token that was taken counts only for the keys it was taken with", async () => {
  const token = await createHmacToken({ sub: "u" });
  assertEquals((await send(handler, environment, {}, { token })).status, 200);
  const rotated = createEnvironment({ JWT_SECRET: "another-secret-0123456789abcdef" });
  assertEquals((await send(handler, rotated, {}, { token })).status, 401);
  assertEquals((await send(handler, environment, {}, { token })).status, 200);
});

for (
  const [kind, values, token] of [
    ["of a key id unknown here", {}, await createToken({}, "kid_newer")],
    ["where there are no keys", KEYLESS, await createToken({ jti: "1" })],
    ["where AUTH_STRICT is set", { AUTH_STRICT: "true" }, await createToken({ jti: "2" })],
    [
      "HS256 where there is no secret, though signed with the public key",
      { JWT_SECRET: undefined },
      await createHmacToken({ sub: USER_ID, jti: "3" }, PEM),
    ],
  ] as const
) {
  Deno.test(`a token ${kind} is a question for InsForge`, async () => {
    await using insforge = createInsForge();
    insforge.reply(401, { error: "AUTH_UNAUTHORIZED", message: "Invalid token", statusCode: 401 });
    insforge.reply(200, { user: { id: USER_ID, email: "a@example.com" } });
    const settings = createEnvironment({
      ...values,
      INSFORGE_BASE_URL: "http://127.0.0.1:9",
      INSFORGE_INTERNAL_URL: insforge.url,
    });
    const refused = await send(handler, settings, {}, { token });
    assertEquals([refused.status, refused.body.error], [401, "AUTH_UNAUTHORIZED"]);
    const taken = await send(handler, settings, {}, { token });
    assertEquals([taken.status, taken.body.id], [200, USER_ID]);
    assertEquals(insforge.requests.map(({ line }) => line), [CURRENT, CURRENT]);
    assertEquals(insforge.requests[0].headers.get("authorization"), `Bearer ${token}`);
  });
}

/** Answers of InsForge that say nothing about the caller. */
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
  Deno.test(`InsForge's answer ${status} ${JSON.stringify(body)} is a 502, never a 401`, async () => {
    await using insforge = createInsForge();
    insforge.replyAlways(status, body);
    const settings = createEnvironment({ ...KEYLESS, INSFORGE_BASE_URL: insforge.url });
    const answer = await send(handler, settings, {}, { token: await createToken({ jti: "o" }) });
    assertEquals([answer.status, answer.body.error], [502, "UPSTREAM_FAILURE"]);
    assertEquals(answer.headers.get("www-authenticate"), null);
    assert(!answer.text.includes(insforge.url));
  });
}

Deno.test("InsForge unreachable is a 502, and no address leaks", async () => {
  const settings = createEnvironment({ ...KEYLESS, INSFORGE_BASE_URL: "http://127.0.0.1:9" });
  const answer = await send(handler, settings, {}, { token: await createToken({ jti: "down" }) });
  assertEquals([answer.status, answer.body.error], [502, "UPSTREAM_FAILURE"]);
  assert(!answer.text.includes("127.0.0.1"));
});

Deno.test("InsForge hanging is a 502 after its time is up", async () => {
  await using insforge = createInsForge();
  insforge.hang();
  const settings = createEnvironment({ ...KEYLESS, INSFORGE_BASE_URL: insforge.url });
  const token = await createToken({ jti: "slow" });
  const answer = await withShortWaits(() => send(handler, settings, {}, { token }));
  assertEquals([answer.status, answer.body.error], [502, "UPSTREAM_FAILURE"]);
});

Deno.test("without any address of InsForge the setting is named", async () => {
  const settings = createEnvironment({ ...KEYLESS, INSFORGE_BASE_URL: undefined });
  const token = await createToken({ jti: "nowhere" });
  const { status, body } = await send(handler, settings, {}, { token });
  assertEquals([status, body.error], [500, "INTERNAL_ERROR"]);
  assertMatch(body.message, /INSFORGE_BASE_URL/);
});

Deno.test("InsForge's word is remembered for 60 seconds, and its refusals never", async () => {
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

Deno.test("a token is never remembered past its end", async () => {
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

Deno.test("AUTH_STRICT asks every time, whatever is remembered", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, { user: { id: USER_ID } });
  insforge.reply(401, { error: "AUTH_UNAUTHORIZED" });
  const strict = createEnvironment({ AUTH_STRICT: "true", INSFORGE_BASE_URL: insforge.url });
  const token = await createToken({ jti: "strict" });
  assertEquals((await send(handler, strict, {}, { token })).status, 200);
  assertEquals((await send(handler, strict, {}, { token })).status, 401);
});

function encode(value: unknown): string {
  return btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The token with `claims` laid over one of its parts, its signature as it was. */
function tamper(token: string, part: number, claims: Record<string, unknown>): string {
  const parts = token.split(".");
  const text = atob(parts[part].replaceAll("-", "+").replaceAll("_", "/"));
  parts[part] = encode({ ...JSON.parse(text), ...claims });
  return parts.join(".");
}

function signHs512(): Promise<string> {
  const secret = new TextEncoder().encode(environment.get("JWT_SECRET"));
  return new SignJWT({ sub: USER_ID, exp: now + 900 }).setProtectedHeader({ alg: "HS512" })
    .sign(secret);
}
