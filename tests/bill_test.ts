/** No path to a free call: what the simulated OpenRouter billed is what the ledger holds. */
import { assertEquals } from "@std/assert";
import { type Stack, startStack } from "../tools/local/stack.ts";
import { getAccessToken } from "./support/session.ts";

const SETTINGS: Record<string, string> = {
  PORT: "0",
  INSFORGE_PORT: "0",
  OPENROUTER_PORT: "0",
};
const prompt = "What should I cook tonight?";
const messages = [{ role: "user", content: prompt }];
const image = { model: "google/gemini-2.5-flash-image", prompt: "A lighthouse" };
console.log = () => {};

/** How many generations are billed for a call, with which body, left after how many pieces. */
type Request = [
  generations: number,
  path: string,
  body: Record<string, unknown>,
  leaveAfter?: number,
];

const quick = { chunk_delay_ms: 1 };
const openai = { model: "openai/gpt-4o-mini", messages };
const response = { model: "openai/gpt-4o-mini", input: prompt };
const vectors = { model: "openai/text-embedding-3-small", input: prompt };

const REQUESTS: Record<string, Request> = {
  "an answer": [1, "chat", { prompt }],
  "an answer of another model": [1, "chat", { prompt, model: "anthropic/claude-sonnet-4.5" }],
  "an answer of a fallback": [
    1,
    "chat",
    {
      prompt,
      models: ["openai/gpt-4o", "openai/gpt-4o-mini"],
      simulate: { down: ["openai/gpt-4o"] },
    },
  ],
  "an answer with a search of the web": [
    1,
    "chat",
    { prompt, tools: [{ type: "openrouter:web_search" }] },
  ],
  "a stream": [1, "stream", { prompt, simulate: quick }],
  "a stream that its caller leaves": [1, "stream", { prompt }, 3],
  "a stream that nobody can stop": [1, "stream", { prompt, model: "google/gemini-2.5-flash" }, 3],
  "a stream that breaks off": [1, "stream", { prompt, simulate: { fail: "cut", after: 4 } }],
  "a stream with an error in the middle": [
    1,
    "stream",
    { prompt, simulate: { fail: "event", after: 4 } },
  ],
  "a stream that says nothing of its usage": [
    1,
    "stream",
    { prompt, simulate: { ...quick, usage: "none" } },
  ],
  "a refusal that passes": [1, "chat", { prompt, simulate: { status: 503, times: 1 } }],
  "a refusal that stays": [0, "chat", { prompt, simulate: { status: 400 } }],
  "an error inside a 200": [0, "chat", { prompt, simulate: { fail: "body" } }],
  "an answer of nothing, three times": [3, "chat", { prompt, simulate: { answer: "empty" } }],
  "an answer that breaks off": [1, "chat", { prompt, simulate: { fail: "cut" } }],
  "a summary of 14 chunks": [15, "summarize-records", { table: "essays", limit: 1000 }],
  "a summary that streams": [
    1,
    "summarize-records",
    { table: "support_tickets", limit: 20, stream: true, simulate: quick },
  ],
  "vectors in batches": [
    3,
    "embeddings",
    { input: Array.from({ length: 250 }, (_, i) => `text ${i}`) },
  ],
  "an image by a chat model": [1, "image-gen", image],
  "an image by the image API": [1, "image-gen", { ...image, aspect_ratio: "1:1" }],
  "OpenAI's chat": [1, "v1/chat/completions", openai],
  "OpenAI's chat, streamed": [
    1,
    "v1/chat/completions",
    { ...openai, stream: true, simulate: quick },
  ],
  "OpenAI's chat, streamed and left": [1, "v1/chat/completions", { ...openai, stream: true }, 2],
  "OpenAI's responses": [1, "v1/responses", response],
  "OpenAI's responses, streamed": [
    1,
    "v1/responses",
    { ...response, stream: true, simulate: quick },
  ],
  "OpenAI's responses, streamed and left": [1, "v1/responses", { ...response, stream: true }, 2],
  "OpenAI's embeddings": [1, "v1/embeddings", vectors],
  "OpenAI's images": [1, "v1/images/generations", { ...image, response_format: "b64_json" }],
  "the old chat": [1, "api/ai/chat/completion", openai],
  "the old chat, streamed": [1, "api/ai/chat/completion", { ...openai, stream: true }],
  "the old image": [1, "api/ai/image/generation", image],
  "the old embeddings": [1, "api/ai/embeddings", vectors],
};

Deno.test("the bill of OpenRouter and the ledger agree to the cent", async (t) => {
  await using stack = await startStack({ get: (name) => SETTINGS[name] });
  const token = await getAccessToken(stack);
  await stack.insforge!.sql(`
    create table essays as
    select i as id, repeat('word ', 200) as text from generate_series(1, 420) i
  `);
  for (const [name, request] of Object.entries(REQUESTS)) {
    await t.step(name, async () => {
      const before = { ...stack.openrouter!.bill(), ...await readLedger(stack) };
      await perform(stack, token, request);
      const after = { ...stack.openrouter!.bill(), ...await readLedger(stack) };
      assertEquals(after.generations - before.generations, request[0]);
      assertEquals(after.charges - before.charges, request[0]);
    });
  }
  await t.step("once all is known", async () => {
    await reconcile(stack, token);
    const { total, generations } = stack.openrouter!.bill();
    const ledger = await readLedger(stack);
    assertEquals(ledger.charges, generations);
    assertEquals(ledger.usd.toFixed(9), total.toFixed(9));
    assertEquals(ledger.of_users.toFixed(9), total.toFixed(9));
    assertEquals(ledger.of_project.toFixed(9), total.toFixed(9));
    assertEquals(ledger.open, 0, "reservations that nobody settled");
  });
});

async function perform(stack: Stack, token: string, [, path, body, leaveAfter]: Request) {
  const response = await fetch(`${stack.functionsUrl}/${path}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (leaveAfter === undefined) return await response.text();
  const reader = response.body!.getReader();
  for (let i = 0; i < leaveAfter; i++) await reader.read();
  await reader.cancel();
  // Earlier generations may be asked for beside the call.
  await stack.openrouter!.requests.findLast(({ method }) => method === "POST")!.cancelled;
  await settled(stack);
}

/** Waits until no reservation is open: a caller who left does not wait for the settlement. */
async function settled(stack: Stack): Promise<void> {
  while ((await readLedger(stack)).open > 0) await Promise.resolve();
}

/** Makes requests until OpenRouter has said of every generation what it came to. */
async function reconcile(stack: Stack, token: string): Promise<void> {
  for (;;) {
    await stack.insforge!.sql("update ai_charges set next_try_at = now() where not final");
    await perform(stack, token, REQUESTS["an answer"]);
    const [{ count }] = await stack.insforge!.sql(
      "select count(*)::int from ai_charges where not final and generation_id is not null",
    );
    if (count === 0) return;
  }
}

interface Ledger {
  charges: number;
  usd: number;
  of_users: number;
  of_project: number;
  open: number;
}

async function readLedger(stack: Stack): Promise<Ledger> {
  const [row] = await stack.insforge!.sql(`
    select
      (select count(*)::int from ai_charges) as charges,
      (select coalesce(sum(usd), 0)::float8 from ai_charges) as usd,
      (select coalesce(sum(usd), 0)::float8 from ai_user_days) as of_users,
      (select coalesce(sum(usd), 0)::float8 from ai_project_days) as of_project,
      (select count(*)::int from ai_reservations where settled_at is null) as open
  `);
  return row as unknown as Ledger;
}
