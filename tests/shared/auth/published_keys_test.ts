import { mock } from "node:test";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { assertEquals } from "@std/assert";
import { requireUser } from "../../../shared/auth/user_token.ts";
import { findPublishedKey } from "../../../shared/auth/published_keys.ts";
import { createApp } from "../../../shared/http/app.ts";
import { createEnvironment, createToken, send } from "../../support/caller.ts";
import { assertFailure, createInsForge, settingsOf } from "../fake_insforge.ts";

const KEYS = "GET /api/.well-known/jwks.json";
const { publicKey, privateKey } = await generateKeyPair("RS256");
const NEWER = { ...await exportJWK(publicKey), kid: "kid_newer", alg: "RS256", use: "sig" };

const { app, handler } = createApp("probe");
app.post("/", async ({ env: call, json }) => json({ id: (await requireUser(call)).id }));

function signNewer(sub: string): Promise<string> {
  return new SignJWT({ sub, role: "authenticated" }).setExpirationTime("5m")
    .setProtectedHeader({ alg: "RS256", kid: "kid_newer" }).sign(privateKey);
}

/** Runs `run` as if `seconds` had passed since the tests began. */
const start = Date.now();
async function after<T>(seconds: number, run: () => Promise<T>): Promise<T> {
  mock.method(Date, "now", () => start + seconds * 1_000);
  try {
    return await run();
  } finally {
    mock.restoreAll();
  }
}

Deno.test("users of a rotated key are accepted after one request for InsForge's keys", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, { keys: [NEWER] });
  const settings = createEnvironment({ INSFORGE_BASE_URL: insforge.url });
  const tokens = await Promise.all(["u1", "u2", "u3"].map(signNewer));
  const answers = await Promise.all(tokens.map((token) => send(handler, settings, {}, { token })));
  assertEquals(answers.map(({ body }) => body.id), ["u1", "u2", "u3"]);
  assertEquals(insforge.requests.map(({ line }) => line), [KEYS]);
});

Deno.test("a hundred forged tokens with unknown key ids cause one request, and return 401", async () => {
  await using insforge = createInsForge();
  insforge.replyAlways(200, { keys: [NEWER] });
  const settings = createEnvironment({ INSFORGE_BASE_URL: insforge.url });
  for (let n = 0; n < 100; n++) {
    const token = await createToken({}, n === 0 ? "constructor" : `kid_forged_${n}`);
    const { status, body } = await send(handler, settings, {}, { token });
    assertEquals([status, body.error], [401, "AUTH_UNAUTHORIZED"]);
  }
  assertEquals(insforge.requests.map(({ line }) => line), [KEYS]);
});

Deno.test("a forged token with the id of a published key returns 401", async () => {
  await using insforge = createInsForge();
  insforge.replyAlways(200, { keys: [NEWER] });
  const settings = createEnvironment({ INSFORGE_BASE_URL: insforge.url });
  const token = await createToken({}, "kid_newer");
  assertEquals((await send(handler, settings, {}, { token })).status, 401);
});

Deno.test("forged tokens keep users of a key that rotates later out for 15 seconds at most", async () => {
  await using insforge = createInsForge();
  const settings = settingsOf(insforge);
  insforge.reply(200, { keys: [] });
  const find = () => findPublishedKey("kid_newer", settings);
  assertEquals(await after(0, () => findPublishedKey("kid_forged", settings)), undefined);
  insforge.reply(200, { keys: [NEWER] });
  assertEquals(await after(14, find), undefined);
  assertEquals((await after(15, find))?.type, "public");
  assertEquals(insforge.requests.length, 2);
});

Deno.test("a known key is used for ten minutes, then looked up again", async () => {
  await using insforge = createInsForge();
  const settings = settingsOf(insforge);
  insforge.reply(200, { keys: [NEWER] });
  const find = () => findPublishedKey("kid_newer", settings);
  assertEquals((await after(0, find))?.type, "public");
  assertEquals((await after(599, find))?.type, "public");
  assertEquals(insforge.requests.length, 1);
  insforge.reply(200, { keys: [] });
  assertEquals(await after(600, find), undefined);
});

Deno.test("a failed request for the keys is 502 for unknown ids, and known keys stay usable", async () => {
  await using insforge = createInsForge();
  const settings = settingsOf(insforge);
  insforge.reply(200, { keys: [NEWER] });
  await after(0, () => findPublishedKey("kid_newer", settings));
  insforge.replyAlways(404, { error: "NOT_FOUND" });
  const find = (id: string) => () => findPublishedKey(id, settings);
  await assertFailure(after(20, find("kid_other")), 502, "UPSTREAM_FAILURE");
  await assertFailure(after(21, find("kid_other")), 502, "UPSTREAM_FAILURE");
  assertEquals((await after(22, find("kid_newer")))?.type, "public");
  assertEquals(insforge.requests.length, 2);
});
