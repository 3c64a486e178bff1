/** Limits as callers meet them, with the ledger of the embedded InsForge. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { mock } from "node:test";
import { DEMO_USERS } from "../tools/local/insforge/demo.ts";
import { type Stack, startStack } from "../tools/local/stack.ts";
import { getAccessToken } from "./support/session.ts";

const ANY_PORT: Record<string, string> = { PORT: "0", INSFORGE_PORT: "0", OPENROUTER_PORT: "0" };
/** Every way to spend money, with a body for it. */
const SPENDING: [path: string, body: unknown][] = [
  ["chat", { prompt: "Hello" }],
  ["stream", { prompt: "Hello" }],
  ["summarize-records", { table: "support_tickets", limit: 5 }],
  ["embeddings", { input: "Hello" }],
  ["image-gen", { prompt: "A lighthouse" }],
  ["v1/chat/completions", { messages: [{ role: "user", content: "Hello" }] }],
  ["v1/responses", { input: "Hello" }],
  ["v1/embeddings", { input: "Hello", model: "openai/text-embedding-3-small" }],
  ["v1/images/generations", { prompt: "A lighthouse", response_format: "b64_json" }],
  ["video-gen", { prompt: "A lighthouse" }],
  ["v1/videos", { prompt: "A lighthouse", model: "alibaba/wan-2.6" }],
  ["v1/images", { prompt: "A lighthouse" }],
  ["v1/images/edits", {
    prompt: "A lighthouse",
    images: [{ image_url: "https://a.example/b.png" }],
  }],
  ["v1/completions", { prompt: "Hello" }],
  ["v1/audio/speech", { input: "Hello" }],
  ["v1/audio/transcriptions", { input_audio: { data: btoa("audio"), format: "mp3" } }],
  ["v1/rerank", { query: "Hello", documents: ["a"] }],
  ["api/ai/chat/completion", {
    model: "openai/gpt-4o-mini",
    messages: [{ role: "user", content: "Hello" }],
  }],
  ["api/ai/chat/completion", {
    model: "openai/gpt-4o-mini",
    messages: [{ role: "user", content: "Hello" }],
    stream: true,
  }],
  ["api/ai/embeddings", { input: "Hello", model: "openai/text-embedding-3-small" }],
  ["api/ai/image/generation", { prompt: "A lighthouse", model: "google/gemini-2.5-flash-image" }],
];
const MONEY = {
  USER_USD_PER_DAY: /^You have used up today's/,
  USER_USD_PER_MONTH: /^You have used up this month's/,
  PROJECT_USD_PER_DAY: /^This app has used up today's/,
  PROJECT_USD_PER_MONTH: /^This app has used up this month's/,
};
console.log = () => {};

Deno.test("lets 10 of 100 requests at once start when the limit per minute is 10, whatever they ask for", async () => {
  const values: Record<string, string> = { ...ANY_PORT, USER_REQUESTS_PER_MINUTE: "10" };
  await using stack = await startStack({ get: (name) => values[name] });
  const [one, other] = await Promise.all(DEMO_USERS.map((user) => getAccessToken(stack, user)));
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, i) => post(stack, one!, SPENDING[i % SPENDING.length]!)),
  );
  const passed = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status }) => status === 429);
  assertEquals([passed.length, refused.length], [10, 90]);
  for (const { retryAfter } of refused) assert(retryAfter >= 1 && retryAfter <= 60);
  assertEquals(stack.openrouter!.bill().generations, 10);
  assertEquals((await post(stack, other!, SPENDING[0]!)).status, 200);
});

Deno.test("returns 402 on every way to spend and sends nothing when a budget is used up", async (t) => {
  let values: Record<string, string> = {};
  // Settings are kept for a second, so the clock jumps ahead when they change.
  const now = performance.now.bind(performance);
  let ahead = 0;
  using clock = new DisposableStack();
  mock.method(performance, "now", () => now() + ahead);
  clock.defer(() => mock.restoreAll());
  await using stack = await startStack({ get: (name) => values[name] ?? ANY_PORT[name] });
  const [one, other] = await Promise.all(DEMO_USERS.map((user) => getAccessToken(stack, user)));
  assertEquals((await post(stack, one!, SPENDING[0]!)).status, 200);
  const { total } = stack.openrouter!.bill();
  for (const [setting, message] of Object.entries(MONEY)) {
    await t.step(setting, async () => {
      values = { [setting]: "0.00000001" };
      ahead += 1_000;
      const user = setting.startsWith("PROJECT") ? other : one;
      for (const request of SPENDING) {
        const { status, retryAfter, text } = await post(stack, user!, request);
        assertEquals(status, 402, `${request[0]}: ${text}`);
        assert(retryAfter > 5);
        const { message: flat, error } = JSON.parse(text);
        assertMatch(flat ?? error.message, message);
      }
      assertEquals(stack.openrouter!.bill().total, total);
    });
  }
});

async function post(
  { functionsUrl }: Stack,
  token: string,
  [path, body]: [string, unknown],
): Promise<{ status: number; retryAfter: number; text: string }> {
  const response = await fetch(`${functionsUrl}/${path}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const retryAfter = Number(response.headers.get("Retry-After"));
  return { status: response.status, retryAfter, text: await response.text() };
}
