/** No call is free: the ledger holds what the simulated OpenRouter billed, to the cent. */
import { assertEquals } from "@std/assert";
import { type Stack, startStack } from "../tools/local/stack.ts";
import { spawnServer } from "./support/server_process.ts";
import { getAccessToken } from "./support/session.ts";

const SETTINGS: Record<string, string> = {
  PORT: "0",
  INSFORGE_PORT: "0",
  OPENROUTER_PORT: "0",
  ENABLE_OBJECT_GEN: "true",
};
const prompt = "What should I cook tonight?";
const messages = [{ role: "user", content: prompt }];
const image = { model: "google/gemini-2.5-flash-image", prompt: "A lighthouse" };
console.log = () => {};

/**
 * The number of generations that are billed, the path and body of the request, and the number of pieces
 * after which the caller closes the connection.
 */
type Request = [
  generations: number,
  path: string,
  body: Record<string, unknown>,
  leaveAfter?: number,
];

const question = { question: "Who was charged twice?", table: "support_tickets" };
const quick = { chunk_delay_ms: 1 };
const openai = { model: "openai/gpt-4o-mini", messages };
const response = { model: "openai/gpt-4o-mini", input: prompt };
const claude = { model: "anthropic/claude-sonnet-4.5", max_tokens: 500, messages };
const previewed = {
  model: "openai/gpt-image-1",
  prompt: "A lighthouse",
  stream: true,
  simulate: quick,
};
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
  "an answer with a web search": [
    1,
    "chat",
    { prompt, tools: [{ type: "openrouter:web_search" }] },
  ],
  "a stream": [1, "stream", { prompt, simulate: quick }],
  "a stream that is aborted": [1, "stream", { prompt }, 3],
  "an aborted stream whose provider runs on": [1, "stream", {
    prompt,
    model: "google/gemini-2.5-flash",
  }, 3],
  "a cut stream": [1, "stream", { prompt, simulate: { fail: "cut", after: 4 } }],
  "a stream with an error in the middle": [
    1,
    "stream",
    { prompt, simulate: { fail: "event", after: 4 } },
  ],
  "a stream without usage": [
    1,
    "stream",
    { prompt, simulate: { ...quick, usage: "none" } },
  ],
  "a temporary refusal": [1, "chat", { prompt, simulate: { status: 503, times: 1 } }],
  "a lasting refusal": [0, "chat", { prompt, simulate: { status: 400 } }],
  "an error inside a 200": [0, "chat", { prompt, simulate: { fail: "body" } }],
  "an empty response, three times": [3, "chat", { prompt, simulate: { answer: "empty" } }],
  "a cut response": [1, "chat", { prompt, simulate: { fail: "cut" } }],
  "a summary of 19 chunks": [
    20,
    "summarize-records",
    { table: "essays", limit: 1000, model: "openai/gpt-3.5-turbo" },
  ],
  "a summary that streams": [
    1,
    "summarize-records",
    { table: "support_tickets", limit: 20, stream: true, simulate: quick },
  ],
  "rows that a user indexes": [2, "ask-records", { index: "support_tickets" }],
  "a question about rows": [2, "ask-records", question],
  "a question about rows, streamed": [
    2,
    "ask-records",
    { ...question, stream: true, simulate: quick },
  ],
  "a question about rows, streamed and aborted": [
    2,
    "ask-records",
    { ...question, stream: true },
    3,
  ],
  "a question without an answer": [
    1,
    "ask-records",
    { ...question, question: "xyzzy", match_threshold: 1 },
  ],
  "vectors in batches": [
    3,
    "embeddings",
    { input: Array.from({ length: 250 }, (_, i) => `text ${i}`) },
  ],
  "an image by a chat model": [1, "image-gen", image],
  "an image by the image API": [1, "image-gen", { ...image, aspect_ratio: "1:1" }],
  "an image as a stream": [1, "image-gen", previewed],
  "a ranking of 150 documents": [
    1,
    "rerank",
    { query: prompt, documents: Array.from({ length: 150 }, (_, i) => `document ${i}`) },
  ],
  "speech": [1, "speech", { input: prompt }],
  "a transcription": [1, "transcribe", { audio: btoa("audio".repeat(2_000)), format: "mp3" }],
  "a video": [1, "video-gen", { prompt, duration: 4, simulate: { video_polls: 0 } }],
  "a video whose cost is not stated": [
    1,
    "video-gen",
    { prompt, duration: 4, simulate: { video_polls: 0, usage: "none" } },
  ],
  "3D objects": [1, "object-gen", { prompt: "A lighthouse", num_outputs: 2 }],
  "OpenAI's chat": [1, "v1/chat/completions", openai],
  "OpenAI's chat, streamed": [
    1,
    "v1/chat/completions",
    { ...openai, stream: true, simulate: quick },
  ],
  "OpenAI's chat, streamed and aborted": [1, "v1/chat/completions", { ...openai, stream: true }, 2],
  "OpenAI's responses": [1, "v1/responses", response],
  "OpenAI's responses, streamed": [
    1,
    "v1/responses",
    { ...response, stream: true, simulate: quick },
  ],
  "OpenAI's responses, streamed and aborted": [1, "v1/responses", { ...response, stream: true }, 2],
  "Anthropic's messages": [1, "v1/messages", claude],
  "Anthropic's messages, streamed": [
    1,
    "v1/messages",
    { ...claude, stream: true, simulate: quick },
  ],
  "Anthropic's messages, streamed and aborted": [1, "v1/messages", { ...claude, stream: true }, 2],
  "Anthropic's messages, cut": [
    1,
    "v1/messages",
    { ...claude, stream: true, simulate: { fail: "cut", after: 6 } },
  ],
  "OpenAI's embeddings": [1, "v1/embeddings", vectors],
  "OpenAI's images": [1, "v1/images/generations", { ...image, response_format: "b64_json" }],
  "OpenAI's image edits": [
    1,
    "v1/images/edits",
    { ...image, images: [{ image_url: "data:image/png;base64,AAAA" }] },
  ],
  "OpenRouter's images": [1, "v1/images", { ...image, n: 2 }],
  "OpenRouter's images, streamed": [1, "v1/images", previewed],
  "OpenAI's images, streamed": [1, "v1/images/generations", previewed],
  "OpenAI's images, streamed by a provider that does not stream": [
    1,
    "v1/images/generations",
    { ...image, stream: true },
  ],
  "OpenAI's images, streamed and aborted": [1, "v1/images/generations", {
    ...previewed,
    simulate: undefined,
  }, 1],
  "OpenAI's first completions": [1, "v1/completions", { prompt }],
  "OpenAI's first completions, streamed": [
    1,
    "v1/completions",
    { prompt, stream: true, simulate: quick },
  ],
  "OpenAI's first completions, streamed and aborted": [
    1,
    "v1/completions",
    { prompt, stream: true },
    2,
  ],
  "OpenAI's speech": [1, "v1/audio/speech", { input: prompt }],
  "OpenAI's transcriptions": [
    1,
    "v1/audio/transcriptions",
    { input_audio: { data: btoa("audio".repeat(2_000)), format: "mp3" } },
  ],
  "OpenRouter's ranking": [1, "v1/rerank", { query: prompt, documents: ["a", "b"] }],
  "OpenRouter's 3D objects": [1, "v1/objects/generations", { prompt: "A lighthouse" }],
  "the chat of PinMe's clients": [1, "v1/api/v1/chat/completions?project_name=shop", openai],
  "the tokens of Anthropic's messages": [0, "v1/messages/count_tokens", { messages }],
  "OpenRouter's videos": [
    1,
    "v1/videos",
    { model: "alibaba/wan-2.6", prompt, simulate: { video_polls: 0 } },
  ],
  "the deprecated chat": [1, "api/ai/chat/completion", openai],
  "the deprecated chat, streamed": [1, "api/ai/chat/completion", { ...openai, stream: true }],
  "the deprecated image": [1, "api/ai/image/generation", image],
  "the deprecated embeddings": [1, "api/ai/embeddings", vectors],
};

/** Limits that no test reaches, so that every call is reserved before it is made. */
const LIMITS = {
  USER_REQUESTS_PER_MINUTE: "1000",
  USER_TOKENS_PER_DAY: "1000000000",
  USER_USD_PER_DAY: "1000",
  PROJECT_USD_PER_MONTH: "10000",
};

for (const [terms, limits] of Object.entries({ "without limits": {}, "with limits": LIMITS })) {
  Deno.test(`records every billed generation to the cent ${terms}`, async (t) => {
    const settings: Record<string, string> = { ...SETTINGS, ...limits };
    await using stack = await startStack({ get: (name) => settings[name] });
    const token = await getAccessToken(stack);
    await createEssays(stack);
    let charges = 0;
    for (const [name, request] of Object.entries(REQUESTS)) {
      await t.step(name, async () => {
        const { generations } = stack.openrouter!.bill();
        await perform(stack, token, request);
        assertEquals(stack.openrouter!.bill().generations - generations, request[0]);
        charges += request[0];
        assertEquals((await settled(stack, charges)).charges, charges);
      });
    }
    await t.step("once OpenRouter has reported every cost", async () => {
      await reconcile(stack, token);
      await assertAgreement(stack);
    });
  });
}

Deno.test("records every billed generation of concurrent requests to the cent", async () => {
  const settings: Record<string, string> = { ...SETTINGS, ...LIMITS };
  await using stack = await startStack({ get: (name) => settings[name] });
  const token = await getAccessToken(stack);
  await createEssays(stack);
  const requests = Object.values(REQUESTS).filter(([, , , leaveAfter]) => leaveAfter === undefined);
  await Promise.all(requests.map((request) => perform(stack, token, request)));
  await settled(stack, stack.openrouter!.bill().generations);
  await reconcile(stack, token);
  await assertAgreement(stack);
});

for (const [terms, limits] of Object.entries({ "without limits": {}, "with limits": LIMITS })) {
  Deno.test(`records every billed generation of a process that gets SIGTERM in the middle, ${terms}`, async () => {
    await using stack = await startStack({ get: (name) => SETTINGS[name] });
    const token = await getAccessToken(stack);
    const settings: Record<string, string> = {
      ...SETTINGS,
      ...limits,
      OPENROUTER_API_KEY: "sk-or-v1-local",
      OPENROUTER_BASE_URL: stack.openrouterUrl,
      INSFORGE_BASE_URL: stack.insforgeUrl,
      ...stack.insforge!.secrets,
    };
    await using server = await spawnServer({ get: (name) => settings[name] });
    const received = () =>
      stack.openrouter!.requests.filter(({ method }) => method === "POST").length;
    const bodies = Array.from({ length: 20 }, () => ({ prompt, simulate: { delay_ms: 300 } }));
    const before = received();
    const responses = bodies.map((body, i) =>
      post(`${server.url}/${i % 2 ? "stream" : "chat"}`, token, body)
    );
    while (received() < before + bodies.length) await new Promise((go) => setTimeout(go, 5));
    server.process.kill("SIGTERM");
    const statuses = await Promise.all(responses.map(async (response) => {
      await (await response).text();
      return (await response).status;
    }));
    assertEquals(statuses, bodies.map(() => 200));
    assertEquals((await server.process.status).code, 0);
    assertEquals(stack.openrouter!.bill().generations, bodies.length);
    await assertAgreement(stack); // at once: the process settles before it ends
  });
}

async function createEssays(stack: Stack): Promise<void> {
  await stack.insforge!.sql(`
    create table essays as
    select i as id, repeat('word ', 200) as text from generate_series(1, 420) i
  `);
}

async function assertAgreement(stack: Stack): Promise<void> {
  const { total, generations } = stack.openrouter!.bill();
  const ledger = await readLedger(stack);
  assertEquals(ledger.charges, generations);
  const sums = [ledger.usd, ledger.of_users, ledger.of_project];
  assertEquals(sums.map((sum) => sum.toFixed(9)), sums.map(() => total.toFixed(9)));
  assertEquals(ledger.open, 0, "open reservations");
  assertEquals(ledger.held, 0, "USD that are still held");
}

function post(url: string, token: string, body: unknown): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function perform(stack: Stack, token: string, [, path, body, leaveAfter]: Request) {
  const response = await post(`${stack.functionsUrl}/${path}`, token, body);
  if (response.status === 202) {
    // A video is billed when it is asked for after it was finished.
    const { id } = await response.json();
    const headers = { Authorization: `Bearer ${token}` };
    return await (await fetch(`${stack.functionsUrl}/${path}/${id}`, { headers })).text();
  }
  if (leaveAfter === undefined) return await response.text();
  const reader = response.body!.getReader();
  for (let i = 0; i < leaveAfter; i++) await reader.read();
  await reader.cancel();
  await stack.openrouter!.requests.findLast(({ method }) => method === "POST")!.cancelled;
}

/** Waits until so many charges are recorded and no reservation is open: the caller does not wait for it. */
async function settled(stack: Stack, charges: number): Promise<Ledger> {
  for (;;) {
    const ledger = await readLedger(stack);
    if (ledger.charges >= charges && ledger.open === 0) return ledger;
  }
}

/** Makes requests until OpenRouter has reported what every generation cost. */
async function reconcile(stack: Stack, token: string): Promise<void> {
  for (;;) {
    await stack.insforge!.sql(
      "update ai_charges set next_try_at = now() where not final and generation_id is not null",
    );
    await perform(stack, token, REQUESTS["an answer"]!);
    await settled(stack, stack.openrouter!.bill().generations);
    const [row] = await stack.insforge!.sql(
      "select count(*)::int from ai_charges where not final and generation_id is not null",
    );
    if (row!.count === 0) return;
  }
}

interface Ledger {
  charges: number;
  usd: number;
  of_users: number;
  of_project: number;
  open: number;
  held: number;
}

async function readLedger(stack: Stack): Promise<Ledger> {
  const [row] = await stack.insforge!.sql(`
    select
      (select count(*)::int from ai_charges) as charges,
      (select coalesce(sum(usd), 0)::float8 from ai_charges) as usd,
      (select coalesce(sum(usd), 0)::float8 from ai_user_days) as of_users,
      (select coalesce(sum(usd), 0)::float8 from ai_project_days) as of_project,
      (select count(*)::int from ai_reservations) as open,
      (select held_usd::float8 from ai_project_sums(ai_today())) as held
  `);
  return row as unknown as Ledger;
}
