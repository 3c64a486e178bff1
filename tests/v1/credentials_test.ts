/** The headers in which `v1` accepts a user's token. */
import { assertEquals } from "@std/assert";
import chat from "../../functions/chat/index.ts";
import {
  API_KEY,
  createEnvironment,
  createHmacToken,
  logs,
  PROMPT,
  send,
  TOKEN,
  USER_ID,
} from "../support/caller.ts";
import { completion } from "../support/upstream.ts";
import { type Served, serveV1 } from "../clients/served.ts";

const EXPIRED = await createHmacToken({ sub: USER_ID, exp: 1 });
const ADMINISTRATOR = await createHmacToken({ sub: USER_ID, role: "project_admin" });

for (
  const [situation, headers] of [
    ["the token in X-API-Key", { "X-API-Key": TOKEN }],
    ["the token in both headers", { "X-API-Key": TOKEN, Authorization: `Bearer ${TOKEN}` }],
    ["another key in X-API-Key", { "X-API-Key": API_KEY, Authorization: `Bearer ${TOKEN}` }],
  ] as [string, Record<string, string>][]
) {
  Deno.test(`v1 serves the user with ${situation}`, async () => {
    await using served = await serveV1();
    served.upstream.reply({ json: completion() });
    const { status } = await ask(served, headers);
    assertEquals([status, logs.at(-1)!.user_id], [200, USER_ID]);
    const sent = JSON.stringify([...served.upstream.requests[0]!.headers]);
    assertEquals(sent.includes(TOKEN) || sent.includes(API_KEY), false);
  });
}

for (
  const [situation, headers, code] of [
    ["no header", {}, "AUTH_INVALID_CREDENTIALS"],
    ["an empty X-API-Key", { "X-API-Key": "" }, "AUTH_INVALID_CREDENTIALS"],
    ["a malformed X-API-Key", { "X-API-Key": `Bearer ${TOKEN}` }, "AUTH_INVALID_CREDENTIALS"],
    ["the project's API key in X-API-Key", { "X-API-Key": API_KEY }, "AUTH_UNAUTHORIZED"],
    ["the anon key in X-API-Key", { "X-API-Key": "anon_canary" }, "AUTH_UNAUTHORIZED"],
    ["an expired token in X-API-Key", { "X-API-Key": EXPIRED }, "AUTH_UNAUTHORIZED"],
    ["an administrator's token in X-API-Key", { "X-API-Key": ADMINISTRATOR }, "AUTH_UNAUTHORIZED"],
    [
      "a token in X-API-Key beside an expired bearer token",
      { "X-API-Key": TOKEN, Authorization: `Bearer ${EXPIRED}` },
      "AUTH_UNAUTHORIZED",
    ],
    [
      "a token in X-API-Key beside another scheme",
      { "X-API-Key": TOKEN, Authorization: "Basic dTpw" },
      "AUTH_INVALID_CREDENTIALS",
    ],
  ] as [string, Record<string, string>, string][]
) {
  Deno.test(`v1 returns 401 ${code} for ${situation}`, async () => {
    await using served = await serveV1({ API_KEY });
    const { status, error } = await ask(served, headers);
    assertEquals([status, error.metadata.error_code], [401, code]);
    assertEquals(served.upstream.requests.length, 0);
  });
}

Deno.test("other functions ignore a user's token in X-API-Key", async () => {
  const options = { token: null, headers: { "X-API-Key": TOKEN } };
  const { status, body } = await send(chat, createEnvironment(), { prompt: PROMPT }, options);
  assertEquals([status, body.error], [401, "AUTH_INVALID_CREDENTIALS"]);
});

async function ask({ baseURL }: Served, headers: Record<string, string>) {
  const response = await fetch(`${baseURL}/chat/completions`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify({ messages: [{ role: "user", content: PROMPT }] }),
  });
  const { error } = await response.json();
  return { status: response.status, error };
}
