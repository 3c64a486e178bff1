/** `ai.call` and `ai.streamFrom`: the client with functions that an app has written itself. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { AiError, createAiClient } from "../../client/mod.ts";
import { createUpstream, DONE, streamOf, USAGE } from "../support/upstream.ts";
import { collect, createClientFor, createClientOf, join } from "./host.ts";

Deno.test("call posts JSON, and sends a GET without a body", async () => {
  await using host = await createUpstream();
  const ai = createClientOf(host);
  host.reply({ json: { text: "Bonjour" } }, { json: [1] });
  const { text } = await ai.call<{ text: string }>("translate", { text: "Hello", to: "French" });
  assertEquals(text, "Bonjour");
  assertEquals(await ai.call("items?limit=1"), [1]);
  assertEquals(host.requests.map(({ method, path, body }) => [method, path, body]), [
    ["POST", "/api/v1/translate", { text: "Hello", to: "French" }],
    ["GET", "/api/v1/items?limit=1", undefined],
  ]);
  assertEquals(host.requests[0]!.headers.get("authorization"), "Bearer token");
});

Deno.test("call throws the function's error, and the signal's reason", async () => {
  const failed = { error: "INVALID_INPUT", message: '"to" is required', statusCode: 400 };
  const ai = createClientFor(() => Response.json(failed, { status: 400 }));
  const error = await assertRejects(() => ai.call("translate", {}), AiError);
  assertEquals([error.status, error.code, error.message], [400, "INVALID_INPUT", failed.message]);

  const reason = new Error("closed");
  const signal = AbortSignal.abort(reason);
  assertEquals(await assertRejects(() => ai.call("translate", {}, { signal })), reason);
});

Deno.test("streamFrom yields chat chunks as parts and other events as data", async () => {
  await using host = await createUpstream();
  const citations = { citations: [{ id: 1 }] };
  host.reply({ sse: [`data: ${JSON.stringify(citations)}\n\n`, ...streamOf("Hel", "lo")] });
  const stream = createClientOf(host).streamFrom<typeof citations>("support-bot", { q: "?" });
  const [data, ...rest] = join(await collect(stream));
  assert(data?.type === "data");
  assertEquals(data.data.citations[0]?.id, 1);
  assertEquals(rest as unknown[], [
    { type: "text", text: "Hello" },
    { type: "usage", usage: USAGE },
    { type: "finish", reason: "stop", id: "gen-1700000000-abc", model: "openai/gpt-4o-mini" },
  ]);
  assertEquals(host.requests[0]!.path, "/api/v1/support-bot");
});

Deno.test("streamFrom is complete with [DONE], or with one JSON object", async () => {
  const finish = { type: "finish", reason: "stop", id: "", model: "" };
  const step = { type: "data", data: { step: 1 } };
  const cases: [string, unknown[]][] = [
    [`data: {"step":1}\n\n${DONE}`, [step, finish]],
    ['{"step":1}', [step, finish]],
    [DONE, [finish]],
  ];
  for (const [body, parts] of cases) {
    const ai = createClientFor(() => new Response(body));
    assertEquals(await collect(ai.streamFrom("own")) as unknown[], parts, body);
  }
  const cut = createClientFor(() => new Response('data: {"step":1}\n\n'));
  const last = (await collect(cut.streamFrom("own"))).at(-1);
  assert(last?.type === "error");
  assertEquals(last.error.code, "STREAM_INCOMPLETE");
});

Deno.test("takes the cloud host that streams instead of the InsForge client's URL", async () => {
  const direct = "https://myapp.function2.insforge.app";
  const cases: [{ baseUrl: string; functionsUrl?: string; own?: string }, string][] = [
    [{ baseUrl: "https://myapp.us-east.insforge.app" }, direct],
    [{ baseUrl: "https://myapp.us-east.insforge.app", functionsUrl: direct }, direct],
    [{
      baseUrl: "https://myapp.us-east.insforge.app",
      functionsUrl: "https://myapp.us-east.insforge.app/functions",
    }, direct],
    [{
      baseUrl: "https://myapp.us-east.insforge.app",
      functionsUrl: "https://myapp.functions.insforge.app",
    }, direct],
    [{ baseUrl: "https://myapp.insforge.app" }, direct],
    [{
      baseUrl: "https://myapp.us-east.insforge.app",
      own: "https://myapp.us-east.insforge.app/functions",
    }, "https://myapp.us-east.insforge.app/functions"],
    [{ baseUrl: "https://api.example.com" }, "https://api.example.com/functions"],
    [
      { baseUrl: "https://x.insforge.app.example.com" },
      "https://x.insforge.app.example.com/functions",
    ],
    [{ baseUrl: "http://127.0.0.1:7130" }, "http://127.0.0.1:7130/functions"],
    [
      { baseUrl: "http://127.0.0.1:7130", functionsUrl: "http://127.0.0.1:8000" },
      "http://127.0.0.1:8000",
    ],
  ];
  for (const [{ baseUrl, functionsUrl, own }, expected] of cases) {
    const urls: string[] = [];
    const fetch = (url: string | URL | Request) => {
      urls.push(String(url));
      return Promise.resolve(Response.json({}));
    };
    const getValidAccessToken = () => Promise.resolve("token");
    const insforge = {
      functions: { functionsUrl },
      getHttpClient: () => ({ baseUrl, fetch, getValidAccessToken }),
    };
    await createAiClient({ insforge, functionsUrl: own }).call("chat", {});
    assertEquals(urls, [`${expected}/chat`]);
  }
});
