/** The names that the examples in the client's docstrings use without declaring them. */
import { type AiClient, createAiClient, type InsForgeClient } from "../../client/mod.ts";

/** A host that plays the functions, and an app that uses them. */
export interface ExampleContext extends AsyncDisposable {
  ai: AiClient;
  insforge: InsForgeClient;
  functionsUrl: string;
  baseUrl: string;
  anonKey: string;
  token: string;
  session: { accessToken: string; refresh(): Promise<void> };
  output: { textContent: string };
  console: Pick<Console, "log">;
  /** The functions that were called, as `POST chat`. */
  calls: string[];
}

const USAGE = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2, cost: 0.1 };
const CONNECTION = { connected: true, required: false, valid: true, label: "sk-or-v1-…" };
const MODEL = {
  id: "openai/gpt-4o-mini",
  name: "GPT-4o-mini",
  context_length: 128_000,
  prices: { prompt: 0.15, completion: 0.6 },
};
const CHUNKS = [
  { id: "gen-1", model: "a/b", choices: [{ delta: { content: "Hello" } }] },
  {
    choices: [{
      delta: { tool_calls: [{ id: "1", function: { name: "get_weather", arguments: "{}" } }] },
      finish_reason: "tool_calls",
    }],
  },
];
const RESPONSES: Record<string, unknown> = {
  chat: { id: "gen-1", model: "a/b", text: "Hello", finish_reason: "stop", usage: USAGE },
  embeddings: { embeddings: [[1, 0], [0, 1]], model: "a/b", dimensions: 2, usage: USAGE },
  "image-gen": {
    images: [{ media_type: "image/png", data_url: "data:image/png;base64,iVBORw0KGgo=" }],
    model: "a/b",
  },
  models: { models: [MODEL], ...MODEL },
  rerank: { results: [{ index: 1, relevance_score: 0.9, document: "a bakery" }], model: "a/b" },
  speech: {
    audio: { media_type: "audio/mpeg", data_url: "data:audio/mpeg;base64,//sQxA==" },
    model: "a/b",
  },
  transcribe: { text: "Hello", model: "a/b" },
  usage: {
    today: { requests: 1, prompt_tokens: 1, completion_tokens: 1, usd: 0.1 },
    month: { requests: 1, prompt_tokens: 1, completion_tokens: 1, usd: 0.1 },
    days: [],
    limits: { usd_per_day: 1 },
  },
  connect: { url: "https://openrouter.example/auth", ...CONNECTION },
  "video-gen": {
    id: "0b0a6e3c-6b8f-4d0e-9a53-4c1f1f6b9a11",
    status: "completed",
    model: "google/veo-3.1",
    videos: [{ url: "https://example.com/video-gen/1/content" }],
    has_more: false,
    media_type: "video/mp4",
    data_url: "data:video/mp4;base64,AAAA",
  },
  translate: { text: "Bonjour" },
  stream: CHUNKS,
  "support-bot": [{ citations: [1] }, ...CHUNKS],
};
const SUMMARY = { table: "tickets", rows_read: 2, truncated: false, chunks: 1, usage: USAGE };
const CITATIONS = [{ id: 1, table: "tickets", similarity: 0.9, excerpt: "Ada waits" }];

/** Starts the host. */
export function createExampleContext(): ExampleContext {
  const calls: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, respond);

  async function respond(request: Request): Promise<Response> {
    const slug = new URL(request.url).pathname.split("/").at(-1) ?? "";
    calls.push(`${request.method} ${slug}`);
    const body = request.method === "POST" ? await request.json() : {};
    if (slug === "summarize-records") {
      return body.stream
        ? toStream([{ summary: SUMMARY, choices: [] }, ...CHUNKS])
        : Response.json({ ...SUMMARY, summary: "Two tickets", model: "a/b" });
    }
    if (slug === "ask-records") {
      if (body.index) return Response.json({ indexed: 1, waiting: 0, refused: 0, usage: USAGE });
      return body.stream
        ? toStream([{ citations: CITATIONS, choices: [] }, ...CHUNKS])
        : Response.json({ answer: "Ada [1]", citations: CITATIONS, model: "a/b", usage: USAGE });
    }
    const response = RESPONSES[slug];
    return Array.isArray(response) ? toStream(response) : Response.json(response);
  }

  const baseUrl = `http://127.0.0.1:${server.addr.port}`;
  const functionsUrl = baseUrl;
  const token = "token";
  return {
    ai: createAiClient({ functionsUrl, getAccessToken: () => token }),
    insforge: {
      functions: { functionsUrl },
      getHttpClient: () => ({ baseUrl, fetch, getValidAccessToken: () => Promise.resolve(token) }),
    },
    functionsUrl,
    baseUrl,
    anonKey: "anon-key",
    token,
    session: { accessToken: token, refresh: () => Promise.resolve() },
    output: { textContent: "" },
    console: { log: () => {} },
    calls,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function toStream(events: unknown[]): Response {
  const lines = events.map((event) => `data: ${JSON.stringify(event)}\n\n`);
  return new Response(lines.join("") + "data: [DONE]\n\n", {
    headers: { "content-type": "text/event-stream" },
  });
}
