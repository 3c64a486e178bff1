/** The deployed form of every function, at its main work in every runtime it is deployed to. */
import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import { loadFunctions } from "../tools/functions.ts";
import { createDemoData, DEMO_USERS } from "../tools/local/insforge/demo.ts";
import { createDemoIndex } from "../tools/local/insforge/demo/search_index.ts";
import { createEmbeddedInsForge, type EmbeddedInsForge } from "../tools/local/insforge/mod.ts";
import { startRuntimes } from "../tools/local/runtimes/mod.ts";
import { MODULES, SCRIPTS } from "./support/probe_functions.ts";
import {
  completion,
  createUpstream,
  type Reply,
  streamOf,
  type Upstream,
  USAGE,
} from "./support/upstream.ts";

/** The runtimes by the names that `startRuntimes` gives them. */
const RUNTIMES = {
  cloud: "cloud",
  worker: "self-hosted",
  olderWorker: "self-hosted, on Deno 2.0.6",
} as const;

const [demo, second] = DEMO_USERS;
const OPENROUTER_API_KEY = "sk-or-v1-canary-0123456789abcdef";
const PROMPT = "canary prompt, Grüße 🌍";
/** A vector as long as those of the demo's index. */
const VECTOR = Array.from({ length: 256 }, (_, i) => i / 256);
/** The error of self-hosted InsForge for bodies that are not text. */
const TEXT_ONLY = "The request body must be JSON, with files in base64, on this server";
const PIXEL_URL = "data:image/png;base64,iVBORw0KGgo=";

Deno.test("the deployed form of every function", async (t) => {
  await using insforge = await startInsForge();
  await using upstream = await createUpstream();
  const secrets: Record<string, string> = {
    ...insforge.secrets,
    OPENROUTER_API_KEY,
    OPENROUTER_BASE_URL: upstream.url,
    INSFORGE_INTERNAL_URL: insforge.url,
    INSFORGE_BASE_URL: "https://project.insforge.test",
  };
  await using running = new AsyncDisposableStack();
  const runtimes = running.use(
    await startRuntimes({ secrets, scripts: SCRIPTS, modules: MODULES }),
  );
  const slugs = [...(await loadFunctions()).keys()];
  const token = await signIn(insforge, demo);

  for (const [name, title] of Object.entries(RUNTIMES) as [keyof typeof RUNTIMES, string][]) {
    const step = (sentence: string, run: () => Promise<void>) =>
      t.step(`${title}: ${sentence}`, run);
    /** Sends one request, reads the whole response and checks that no secret is in it. */
    const send = async (path: string, init?: RequestInit) => {
      const response = await fetch(runtimes[name] + path, init);
      const { status, headers } = response;
      const text = await response.text();
      assertNoSecrets(text + JSON.stringify([...headers]));
      const json = headers.get("content-type")?.includes("json");
      return { status, headers, text, body: json ? JSON.parse(text) : undefined };
    };
    const post = (path: string, request: unknown, credential = token) => {
      const headers = new Headers({ "Content-Type": "application/json" });
      if (credential) headers.set("Authorization", `Bearer ${credential}`);
      return send(path, { method: "POST", headers, body: JSON.stringify(request) });
    };

    const get = (path: string) => send(path, { headers: { Authorization: `Bearer ${token}` } });

    await step("every function answers a preflight request", async () => {
      for (const slug of slugs) {
        const { status, headers, text } = await send(`/${slug}`, { method: "OPTIONS" });
        assertEquals([slug, status, text], [slug, 204, ""]);
        assertEquals(headers.get("access-control-allow-origin"), "*");
      }
    });

    await step("chat answers a prompt", async () => {
      upstream.reply({ json: completion({ content: "Grüße 🌍" }) });
      const { status, headers, body } = await post("/chat", { prompt: PROMPT });
      assertEquals([status, body.text, body.usage], [200, "Grüße 🌍", USAGE]);
      assertEquals(headers.get("x-generation-id"), "gen-1700000000-abc");
      const { headers: sent } = upstream.requests.at(-1)!;
      assertEquals(sent.get("authorization"), `Bearer ${OPENROUTER_API_KEY}`);
    });

    await step("returns 401 without a token and for a forged token", async () => {
      const { body: stranger } = await post("/chat", { prompt: PROMPT }, "");
      assertEquals([stranger.statusCode, stranger.error], [401, "AUTH_INVALID_CREDENTIALS"]);
      const { body } = await post("/chat", { prompt: PROMPT }, token.slice(0, -8) + "AAAAAAAA");
      assertEquals([body.statusCode, body.error], [401, "AUTH_UNAUTHORIZED"]);
    });

    await step("translates an error of OpenRouter", async () => {
      upstream.reply({ status: 402, json: { error: { code: 402, message: "No credits" } } });
      const { status, body } = await post("/chat", { prompt: PROMPT });
      assertEquals([status, body.error], [402, "BILLING_INSUFFICIENT_BALANCE"]);
    });

    await step("stream returns OpenRouter's own bytes", async () => {
      const events = streamOf("Grüße", " 🌍");
      upstream.reply({ sse: events });
      const { status, headers, text } = await post("/stream", { prompt: PROMPT });
      assertEquals([status, text], [200, events.join("")]);
      assertMatch(headers.get("content-type")!, /^text\/event-stream/);
    });

    await step("summarize-records reads only the caller's rows", async () => {
      for (const user of [demo, second]) {
        const summary = { json: completion({ content: "Many troubles" }) };
        upstream.reply(({ path }) => {
          if (!path.includes("/models")) return summary;
          upstream.reply(summary); // many rows: the model's context length is looked up first
          return { json: { data: [] } };
        });
        const request = { table: "support_tickets", columns: ["id", "subject"], limit: 1000 };
        const own = await signIn(insforge, user);
        const { status, body } = await post("/summarize-records", request, own);
        assertEquals([status, body.summary, body.rows_read], [200, "Many troubles", user.tickets]);
        const { content } = upstream.requests.at(-1)!.body.messages.at(-1);
        const ids = [...content.matchAll(/^\{"id":(\d+),/gm)].map(([, id]) => Number(id));
        assertEquals(ids.toSorted((a, b) => a - b), await readTicketIds(insforge, user));
      }
    });

    await step("ask-records indexes the caller's rows and answers from them", async () => {
      const embedded = ({ body }: { body: { input: string[] } }) => {
        const data = body.input.map((_, index) => ({ index, embedding: VECTOR }));
        return { json: { model: "m", data, usage: USAGE } };
      };
      await insforge.sql("update support_tickets_search set embedding = null, due_at = now()");
      for (const user of [demo, second]) {
        const own = await signIn(insforge, user);
        upstream.reply(...Array(Math.ceil(user.tickets / 100)).fill(embedded));
        const { body: indexed } = await post("/ask-records", { index: "support_tickets" }, own);
        assertEquals([indexed.indexed, indexed.waiting], [user.tickets, 0]);
        upstream.reply(embedded, { json: completion({ content: "All of them [1]" }) });
        const request = { question: "Any?", table: "support_tickets", match_count: 20 };
        const { status, body } = await post("/ask-records", request, own);
        assertEquals([status, body.answer, body.citations.length], [200, "All of them [1]", 20]);
        const readable = await readTicketIds(insforge, user);
        for (const { id } of body.citations) assert(readable.includes(id), `${id} is cited`);
      }
      const { status, body } = await post(
        "/ask-records?route=index",
        undefined,
        insforge.secrets.API_KEY!,
      );
      assertEquals([status, body.indexed, body.waiting], [200, 0, 0]);
    });

    await step("keeps running whatever OpenRouter does", async () => {
      const data = [{ index: 0, embedding: [1] }];
      const failures: [string, unknown, Reply][] = [
        ["/chat", { prompt: PROMPT }, { text: "<html>" }],
        ["/chat", { prompt: PROMPT }, { text: '{"choices":[', end: "cut" }],
        ["/stream", { prompt: PROMPT }, { sse: streamOf("Hel", "lo").slice(0, 2), end: "cut" }],
        ["/stream", { prompt: PROMPT }, { sse: ["data: {\n\n"] }],
        ["/stream", { prompt: PROMPT }, { json: { error: { code: 400, message: "no" } } }],
        ["/embeddings", { input: ["a", "b"] }, { json: { model: "m", data, usage: USAGE } }],
        ["/image-gen", { prompt: PROMPT }, { status: 403, text: "" }],
      ];
      for (const [path, request, reply] of failures) {
        const stop = replyAlways(upstream, reply);
        const { status } = await post(path, request);
        await stop();
        assert(status >= 400 || path === "/stream", `${path}: ${status}`);
      }
      if (name !== "cloud") assertEquals((await send("/health")).status, 200);
    });

    await step("embeddings returns arrays of numbers", async () => {
      const data = [[0.25, -1], [0.5, 2]].map((embedding, index) => ({ index, embedding }));
      upstream.reply({ json: { model: "m", data, usage: USAGE } });
      const { status, body } = await post("/embeddings", { input: ["a", "b"] });
      assertEquals([status, body.embeddings], [200, [[0.25, -1], [0.5, 2]]]);
    });

    await step("image-gen returns the whole image as base64", async () => {
      const image = { type: "image_url", image_url: { url: PIXEL_URL } };
      upstream.reply({ json: completion({ images: [image] }) });
      const { status, body } = await post("/image-gen", { prompt: PROMPT });
      assertEquals([status, body.images], [200, [{
        media_type: "image/png",
        data_url: PIXEL_URL,
      }]]);
    });

    await step("models lists the catalogue", async () => {
      upstream.reply({ json: { data: [{ id: "openai/gpt-4o-mini" }] } });
      const { status, body } = await get("/models");
      assertEquals([status, body.models[0].id], [200, "openai/gpt-4o-mini"]);
    });

    await step("rerank ranks documents", async () => {
      const results = [{ index: 1, relevance_score: 0.9 }, { index: 0, relevance_score: 0.1 }];
      upstream.reply({ json: { results, model: "m" } });
      const request = { query: PROMPT, documents: ["ferry", "bread"], top_n: 1 };
      const { status, body } = await post("/rerank", request);
      assertEquals([status, body.results[0].document], [200, "bread"]);
    });

    const sound = { text: "sound", headers: { "content-type": "audio/mpeg" } };
    const data = btoa("sound");

    await step("speech returns audio as base64", async () => {
      upstream.reply(sound);
      const { status, body } = await post("/speech", { input: PROMPT });
      assertEquals([status, body.audio], [200, {
        media_type: "audio/mpeg",
        data_url: `data:audio/mpeg;base64,${data}`,
      }]);
    });

    await step(
      "transcribe reads base64, and forms where the platform passes on bytes",
      async () => {
        upstream.reply({ json: { text: "Hello" } });
        const { status, body } = await post("/transcribe", { audio: data, format: "mp3" });
        assertEquals([status, body.text], [200, "Hello"]);
        if (name === "cloud") upstream.reply({ json: { text: "Hello" } });
        const form = new FormData();
        form.append("file", new File(["sound"], "a.mp3", { type: "audio/mpeg" }));
        const headers = { Authorization: `Bearer ${token}` };
        const sent = await send("/transcribe", { method: "POST", headers, body: form });
        if (name === "cloud") {
          const { input_audio } = upstream.requests.at(-1)!.body;
          assertEquals([sent.status, input_audio], [200, { data, format: "mp3" }]);
        } else assertEquals([sent.status, sent.body.message], [400, TEXT_ONLY]);
      },
    );

    await step("v1 speaks where the platform delivers bytes", async () => {
      const path = name === "cloud" ? "/v1/audio/speech" : "/v1?route=audio/speech";
      if (name === "cloud") upstream.reply(sound);
      const { status, text, body } = await post(path, { input: PROMPT });
      if (name === "cloud") assertEquals([status, text], [200, "sound"]);
      else assertMatch(`${status} ${body.error.message}`, /^400 .*use the function "speech"/);
    });

    await step("v1 edits images that are data URLs", async () => {
      const path = name === "cloud" ? "/v1/images/edits" : "/v1?route=images/edits";
      upstream.reply({ json: { created: 1, data: [{ b64_json: "AA" }] } });
      const request = { prompt: PROMPT, images: [{ image_url: PIXEL_URL }] };
      const { status, body } = await post(path, request);
      assertEquals([status, body.data], [200, [{ b64_json: "AA" }]]);
    });

    await step("image-gen streams to the end", async () => {
      const event = { type: "image_generation.completed", b64_json: "AA" };
      upstream.reply({ sse: [`data: ${JSON.stringify(event)}\n\n`, "data: [DONE]\n\n"] });
      const { status, text } = await post("/image-gen", { prompt: PROMPT, stream: true });
      assertEquals(status, 200);
      assertMatch(text, /^data: \{"type":"image",.*\n\ndata: \[DONE\]\n\n$/);
    });

    await step("object-gen is off unless it is switched on", async () => {
      const { status, body } = await post("/object-gen", { prompt: PROMPT });
      assertEquals([status, body.error], [403, "FORBIDDEN"]);
    });

    await step("usage and connect name what the project lacks", async () => {
      const usage = await get("/usage");
      assertEquals([usage.status, usage.body.error], [500, "INTERNAL_ERROR"]);
      assertMatch(usage.body.message, /apply migrations\//);
      const connect = await post("/connect?route=start", { return_url: "https://a.example/" });
      assertEquals([connect.status, connect.body.error], [500, "INTERNAL_ERROR"]);
      assertMatch(connect.body.message, /^The setting \w+/);
    });

    await step("reaches operations below a function, also under an alias", async () => {
      const toPath = (slug: string, path: string) =>
        name === "cloud" ? `/${slug}/${path}` : `/${slug}?route=${path}`;
      const request = { model: "a/b", messages: [{ role: "user", content: PROMPT }] };
      upstream.reply({ json: completion() }, { json: completion() });
      const v1 = await post(toPath("v1", "chat/completions"), request);
      assertEquals([v1.status, v1.body.object], [200, "chat.completion"]);
      const legacy = await post(toPath("api", "ai/chat/completion"), request);
      assertEquals([legacy.status, legacy.body.text], [200, "Hello!"]);
    });

    await step("treats a function as InsForge's runtime does", async () => {
      const ask = async (path: string) => {
        const { status, text } = await send(path);
        return [status, text];
      };
      if (name === "cloud") {
        assertEquals(await ask("/counts"), [200, "1"]);
        assertEquals(await ask("/counts"), [200, "2"]);
        const thrown = '{"error":"Function execution failed","message":"shown to the caller"}';
        assertEquals(await ask("/throws"), [500, thrown]);
        assertMatch(String(await ask("/loops")), /^508,.*Loop Detected/);
        assertEquals(await ask("/path"), [200, "/path"]);
        assertEquals(await ask("/path/a/b?x=1"), [200, "/a/b"]);
        assertEquals(await ask("/absent"), [404, '{"error":"Function not found"}']);
        return;
      }
      const seen = '{"own":true,"global":null,"process":{"NODE_ENV":"production"},' +
        '"absent":["undefined","undefined","undefined"],"injected":["function","function","function"]}';
      assertEquals(await ask("/sees"), [200, seen]);
      assertEquals(await ask("/counts"), [200, "1"]);
      assertEquals(await ask("/counts"), [200, "1"]);
      assertEquals(await ask("/binary"), [200, "\ufffdP"]);
      assertEquals(await ask("/throws"), [418, '{"error":"teapot"}']);
      assertEquals(await ask("/responds"), [409, "thrown"]);
      assertEquals(await ask("/esm"), [500, `{"error":"Unexpected token 'export'"}`]);
      assertMatch(String(await ask("/default")), /^500,.*No function exported/);
      assertEquals(await ask("/chat/sub"), [404, "Not Found"]);
      assertMatch(String(await ask("/absent")), /^404,.*Function not found or not active/);
    });
  }

  await t.step(
    "cloud: streams while OpenRouter writes, and aborts the call when the caller cancels",
    async () => {
      upstream.reply({ sse: streamOf("Hello").slice(0, 2), end: "hang" });
      const response = await fetch(`${runtimes.cloud}/stream`, {
        method: "POST",
        headers: { Authorization: `Bearer ${token}` },
        body: JSON.stringify({ prompt: PROMPT }),
      });
      const reader = response.body!.getReader();
      const { value } = await reader.read();
      assert(value!.length > 0);
      await reader.cancel();
      assert(await upstream.requests.at(-1)!.cancelled, "the upstream call was not aborted");
    },
  );

  // Last, because the runtime does not survive it.
  for (const name of ["worker", "olderWorker"] as const) {
    await t.step(`${RUNTIMES[name]}: an unhandled rejection ends the process`, async () => {
      const response = await fetch(`${runtimes[name]}/rejects`);
      const error = { error: "Worker execution error" };
      assertEquals([response.status, await response.json()], [500, error]);
      await assertEnds(runtimes[name]);
    });
  }

  await running.disposeAsync(); // the log is complete when the runtimes have ended
  await t.step("logs one line per call, without secrets", () => {
    const lines = runtimes.logs().split("\n").filter((line) => line.startsWith("{"));
    const answered = lines.map((line) => JSON.parse(line))
      .filter(({ slug, status }) => slug === "chat" && status === 200);
    assertEquals(answered.length, Object.keys(RUNTIMES).length);
    assertNoSecrets(runtimes.logs());
  });

  /** Fails when a secret, an internal URL or a prompt is in a response or the log. */
  function assertNoSecrets(text: string): void {
    const { INSFORGE_BASE_URL: _public, JWT_KEY_ID: _too, ...hidden } = secrets;
    for (const [name, value] of Object.entries({ ...hidden, token, PROMPT })) {
      assertFalse(text.includes(value), `${name} is in ${text}`);
    }
  }
});

/** Answers every attempt of a call with `reply`, until the function that it returns is called. */
function replyAlways(upstream: Upstream, reply: Reply): () => Promise<void> {
  let isStopped = false;
  const plan = () => {
    if (isStopped) return { text: "" };
    upstream.reply(plan);
    return reply;
  };
  upstream.reply(plan);
  return async () => {
    isStopped = true;
    await (await fetch(upstream.url)).text(); // takes the last plan, as the upstream is strict
  };
}

/** Waits until a runtime accepts no connection any more. */
async function assertEnds(url: string): Promise<void> {
  const deadline = AbortSignal.timeout(10_000);
  for (;;) {
    const isUp = await fetch(`${url}/health`, { signal: deadline })
      .then((response) => response.text(), () => undefined);
    if (isUp === undefined) return deadline.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** An embedded InsForge with the demo users and their tickets, listening. */
async function startInsForge(): Promise<EmbeddedInsForge & AsyncDisposable & { url: string }> {
  const insforge = await createEmbeddedInsForge({ baseUrl: () => "https://project.insforge.test" });
  // Without the ledger, which would ask the upstream for prices and costs.
  await insforge.sql(await Deno.readTextFile("migrations/20261129000002_ai-search.sql"));
  await createDemoData(insforge);
  await createDemoIndex(insforge);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    insforge.handler,
  );
  return {
    ...insforge,
    url: `http://127.0.0.1:${server.addr.port}`,
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      await insforge.close();
    },
  };
}

type User = typeof DEMO_USERS[number];

async function signIn(
  { handler }: EmbeddedInsForge,
  { email, password }: User,
): Promise<string> {
  const response = await handler(
    new Request("http://localhost/api/auth/sessions", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ email, password }),
    }),
  );
  return (await response.json()).accessToken;
}

async function readTicketIds({ sql }: EmbeddedInsForge, { email }: User): Promise<number[]> {
  const rows = await sql(
    `select t.id from support_tickets t join auth.users u on u.id = t.owner
     where u.email = $1 order by 1`,
    [email],
  );
  return rows.map(({ id }) => Number(id));
}
