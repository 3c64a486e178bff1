import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { findVerificationKey } from "../../../shared/auth/verification_keys.ts";
import { requireUser } from "../../../shared/auth/user_token.ts";
import { ApiError } from "../../../shared/errors.ts";
import { createApp } from "../../../shared/http/app.ts";
import { createSettings } from "../../../shared/settings.ts";
import { createEnvironment, KEY_ID, send, TOKEN } from "../../support/caller.ts";

const environment = createEnvironment();
const PEM = environment.get("JWT_PUBLIC_KEY")!;

const { app, handler } = createApp("probe");
app.post("/", async ({ env: call, json }) => json({ id: (await requireUser(call)).id }));

Deno.test("findVerificationKey returns the configured key of the token's algorithm", async () => {
  const settings = createSettings(environment);
  const secret = await findVerificationKey({ alg: "HS256" }, settings);
  assertEquals(secret, new TextEncoder().encode(environment.get("JWT_SECRET")));
  const key = await findVerificationKey({ alg: "RS256", kid: KEY_ID }, settings) as CryptoKey;
  assertEquals([key.type, key.algorithm.name], ["public", "RSASSA-PKCS1-v1_5"]);
});

Deno.test("findVerificationKey returns nothing when no key of the algorithm is configured", async () => {
  const settings = createSettings({ get: () => undefined });
  for (const alg of ["HS256", "RS256"]) {
    assertEquals(await findVerificationKey({ alg, kid: KEY_ID }, settings), undefined);
  }
});

Deno.test("findVerificationKey throws 401 for any other algorithm", async () => {
  for (const alg of ["none", "HS512", "ES256", "constructor", undefined]) {
    const key = findVerificationKey({ alg }, createSettings(environment));
    const { status } = await assertRejects(() => key, ApiError);
    assertEquals(status, 401);
  }
});

Deno.test("JWT_PUBLIC_KEY may have escaped line breaks, and returns 500 with its name when it is not a key", async () => {
  const escaped = createEnvironment({ JWT_PUBLIC_KEY: PEM.replaceAll("\n", "\\n") });
  assertEquals((await send(handler, escaped, {})).status, 200);
  for (
    const pem of ["no pem", PEM.replace(/\n\w{20}/, "\n"), PEM.replaceAll("PUBLIC", "PRIVATE")]
  ) {
    await assertNamesKey(pem, TOKEN);
  }
});

Deno.test("JWT_PUBLIC_KEY returns 500, not 401, when the key is too short", async () => {
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

function encode(value: unknown): string {
  return btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
