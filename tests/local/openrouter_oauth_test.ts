/** OAuth of the simulated OpenRouter, which checks the challenge. */
import { createHash } from "node:crypto";
import { assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { serve, type Server } from "./openrouter_server.ts";

// RFC 7636, appendix B.
const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CALLBACK = "https://app.example.com/done?connect_state=x.y";
const S256 = { code_challenge: CHALLENGE, code_challenge_method: "S256" };
const PROOF = { code_verifier: VERIFIER, code_challenge_method: "S256" };

Deno.test("exchanges a code for a valid key with its own bill", async () => {
  await using server = serve({ apiKey: "sk-or-v1-project" });
  const location = new URL((await authorize(server, S256)).headers.get("location")!);
  assertEquals(location.searchParams.get("connect_state"), "x.y");
  const code = location.searchParams.get("code");
  assertEquals(location.href, `${CALLBACK}&code=${code}`);

  const answer = await server.post("/auth/keys", { code, ...PROOF }, null);
  const { key, user_id } = await answer.json();
  assertMatch(key, /^sk-or-v1-[0-9a-f]{64}$/);
  assertEquals(typeof user_id, "string");

  const { data: { label } } = await (await server.get("/key", key)).json();
  assertEquals(label, `${key.slice(0, 12)}...${key.slice(-3)}`);
  const chat = { model: "openai/gpt-4o-mini", messages: [{ role: "user", content: "Hello" }] };
  const { id, usage } = await (await server.post("/chat/completions", chat, key)).json();
  assertEquals(server.bill(key), { total: usage.cost, generations: 1 });
  assertEquals(server.bill("project"), { total: 0, generations: 0 });
  assertEquals(server.bill(), server.bill(key));
  // Only the account that paid for a generation can read it.
  for (const [whose, status] of [[key, 200], ["sk-or-v1-project", 404]] as const) {
    assertEquals(await statusOf(server.get(`/generation?id=${id}`, whose)), status);
  }
});

Deno.test("accepts a code once, for ten minutes, with the verifier of its challenge", async () => {
  let now = 1_800_000_000_000;
  await using server = serve({ now: () => now });
  const exchange = async (code: string | null, fields: object) => {
    const response = await server.post("/auth/keys", { code, ...fields }, null);
    const { error } = await response.json();
    return [response.status, error?.message];
  };
  const refused = [403, "Invalid code or code_verifier"];
  const mismatch = [400, "Invalid code_challenge_method"];

  const code = await createCode(server, S256);
  assertEquals(await exchange("another", PROOF), refused);
  assertEquals(
    await exchange(code, { ...PROOF, code_verifier: VERIFIER.replace("d", "e") }),
    refused,
  );
  assertEquals(await exchange(code, { code_challenge_method: "S256" }), refused);
  assertEquals(await exchange(code, { ...PROOF, code_challenge_method: "plain" }), mismatch);
  assertEquals(await exchange(code, { code_verifier: VERIFIER }), mismatch);
  assertEquals(await exchange(code, PROOF), [200, undefined]);
  assertEquals(await exchange(code, PROOF), refused);

  const late = await createCode(server, S256);
  now += 10 * 60_000;
  assertEquals(await exchange(late, PROOF), [403, "Authorization code expired"]);

  // Plain base64 of the right digest is not valid.
  const base64 = createHash("sha256").update(VERIFIER).digest("base64");
  const padded = await createCode(server, { ...S256, code_challenge: base64 });
  assertEquals(await exchange(padded, PROOF), refused);
  const plain = { code_challenge: VERIFIER, code_challenge_method: "plain" };
  const code2 = await createCode(server, plain);
  assertEquals(await exchange(code2, { ...PROOF, code_challenge_method: "plain" }), [
    200,
    undefined,
  ]);
});

Deno.test("the page asks the user, and rejects return URLs that OpenRouter rejects", async () => {
  await using server = serve();
  const ask = async (query: Record<string, string>) => {
    const response = await fetch(toAuthUrl(server, query));
    return [response.status, await response.text()] as const;
  };
  const [status, text] = await ask({ callback_url: CALLBACK, ...S256 });
  assertEquals(status, 200);
  assertStringIncludes(text, "app.example.com</b>");
  assertStringIncludes(text, '<form method="post">');
  for (const callback_url of ["http://app.example.com/", "myapp://done", "app", ""]) {
    assertEquals((await ask({ callback_url, ...S256 }))[0], 400, callback_url);
  }
  for (const callback_url of ["http://localhost:5173/", "http://127.0.0.1:1/"]) {
    assertEquals((await ask({ callback_url, ...S256 }))[0], 200, callback_url);
  }
  const [wrong] = await ask({ callback_url: CALLBACK, ...S256, code_challenge_method: "S512" });
  assertEquals(wrong, 400);
  // Without a callback URL the page displays the code.
  assertMatch((await ask(S256))[1], /<code>auth_code_\w+<\/code>/);
  assertEquals((await ask({}))[0], 400);
});

Deno.test("rejects GET /auth/keys, and a key that its owner deleted", async () => {
  await using server = serve();
  assertEquals(await statusOf(server.get("/auth/keys", null)), 405);
  const code = await createCode(server, S256);
  const { key } = await (await server.post("/auth/keys", { code, ...PROOF }, null)).json();
  const hash = createHash("sha256").update(key).digest("hex");
  const page = new URL(`/keys/${hash}`, server.url);
  assertEquals(await statusOf(fetch(page)), 200);
  assertEquals(await statusOf(server.get("/key", key)), 200);
  assertEquals(await statusOf(fetch(page, { method: "POST" })), 200);
  assertEquals(await statusOf(server.get("/key", key)), 401);
  assertEquals(await statusOf(fetch(page)), 404);
});

function toAuthUrl(server: Server, query: Record<string, string>): URL {
  const url = new URL("/auth", server.url);
  url.search = String(new URLSearchParams(query));
  return url;
}

/** Sends what the button of the page sends. */
async function authorize(server: Server, query: Record<string, string>): Promise<Response> {
  const url = toAuthUrl(server, { callback_url: CALLBACK, ...query });
  const response = await fetch(url, { method: "POST", redirect: "manual" });
  await response.body?.cancel();
  assertEquals(response.status, 303);
  return response;
}

async function createCode(server: Server, query: Record<string, string>): Promise<string> {
  const { headers } = await authorize(server, query);
  const code = new URL(headers.get("location")!).searchParams.get("code")!;
  assertNotEquals(code, "");
  return code;
}

async function statusOf(response: Promise<Response>): Promise<number> {
  const { status, body } = await response;
  await body?.cancel();
  return status;
}
