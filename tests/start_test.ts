/** `deno task start`: the standalone server, in this process and in processes of its own. */
import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { listenForSignals } from "../tools/signals.ts";
import { startStandalone } from "../tools/start/standalone.ts";
import { createEnvironment, createRequest, PROMPT, TOKEN } from "./support/caller.ts";
import { spawnServer } from "./support/server_process.ts";
import { chunk, completion, createUpstream, DONE, streamOf, USAGE } from "./support/upstream.ts";

const ROOT = new URL("../", import.meta.url);

Deno.test("refuses to start and lists every setting that is missing or invalid", async () => {
  const settings: Record<string, string> = { MAX_PROMPT_CHARS: "many", PORT: "http", HOST: "" };
  const failure = await assertRejects(() => startStandalone({ get: (name) => settings[name] }));
  assertEquals((failure as Error).message.split("\n"), [
    "The server cannot start:",
    "- The setting MAX_PROMPT_CHARS must be a whole number of characters from 1 to 2147483647",
    "- The setting PORT must be a whole number from 0 to 65535",
    "- OPENROUTER_API_KEY is missing: the project's OpenRouter key",
    "- INSFORGE_BASE_URL is missing: the URL of the InsForge project",
  ]);
});

Deno.test("refuses to start with settings that cannot work together, and lists them", async () => {
  const environment = createEnvironment({
    USER_USD_PER_DAY: "0.5",
    KEYS_ENCRYPTION_KEY: "0".repeat(64),
    ALLOWED_MODELS: "openai/*",
    OPENROUTER_CHAT_MODEL: "anthropic/claude-sonnet-4",
  });
  const failure = await assertRejects(() => startStandalone(environment));
  assertEquals((failure as Error).message.split("\n"), [
    "The server cannot start:",
    "- API_KEY is missing: USER_USD_PER_DAY, KEYS_ENCRYPTION_KEY cannot work without it",
    '- OPENROUTER_CHAT_MODEL is "anthropic/claude-sonnet-4", which ALLOWED_MODELS does not allow',
  ]);
});

Deno.test("starts with a warning when ALLOWED_MODELS does not allow a built-in default model", async () => {
  const server = await startStandalone(
    createEnvironment({ ALLOWED_MODELS: "openai/*,google/veo*", PORT: "0" }),
  );
  await server.stop();
  assertEquals(server.warnings, [
    'ALLOWED_MODELS does not allow "google/gemini-2.5-flash-image", the default of ' +
    "OPENROUTER_IMAGE_MODEL: image-gen will reject requests that name no model",
    'ALLOWED_MODELS does not allow "cohere/rerank-v3.5", the default of ' +
    "OPENROUTER_RERANK_MODEL: rerank will reject requests that name no model",
  ]);
});

Deno.test("names the setting to change when the port is in use", async () => {
  await using other = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(),
  );
  const environment = createEnvironment({ PORT: String(other.addr.port) });
  await assertRejects(
    () => startStandalone(environment),
    Error,
    `Port ${other.addr.port} is in use; set PORT to a free one`,
  );
});

Deno.test("names the settings to change when the host is not an address of this machine", async () => {
  const environment = createEnvironment({ HOST: "192.0.2.1", PORT: "8123" }); // for documentation only
  await assertRejects(
    () => startStandalone(environment),
    Error,
    "The server cannot listen at HOST 192.0.2.1, PORT 8123: ",
  );
});

Deno.test("answers /health, slugs, sub-paths and streams", async () => {
  await using upstream = await createUpstream();
  const server = await startStandalone(
    createEnvironment({ OPENROUTER_BASE_URL: upstream.url, PORT: "0" }),
  );
  try {
    upstream.reply({ json: completion({ content: "Hello!" }) }, { sse: streamOf("a", "b") });
    const chat = await post(`${server.url}/v1/chat/completions`, { messages: MESSAGES });
    assertEquals((await chat.json()).choices[0].message.content, "Hello!");
    const stream = await post(`${server.url}/stream`, { prompt: PROMPT });
    assertEquals(stream.headers.get("content-type"), "text/event-stream");
    assertMatch(await stream.text(), /"b"[\s\S]*\[DONE\]\n\n$/);

    const refused = await fetch(`${server.url}/chat`, { method: "POST" });
    assertEquals([refused.status, (await refused.json()).error], [401, "AUTH_INVALID_CREDENTIALS"]);
  } finally {
    await server.stop();
  }
});

Deno.test("answers the health check for GET and HEAD only, and 404 for unknown paths", async () => {
  const server = await startStandalone(createEnvironment({ PORT: "0" }));
  try {
    for (const path of ["/", "/health", "//", "//health"]) {
      const health = await fetch(server.url + path);
      assertEquals([health.status, await health.json()], [200, { status: "ok" }]);
      assertEquals((await fetch(server.url + path, { method: "HEAD" })).status, 200);
      const refused = await fetch(server.url + path, { method: "POST" });
      assertEquals([refused.status, refused.headers.get("allow")], [405, "GET, HEAD"]);
      await refused.text();
    }
    for (const path of ["/nothing", "//nothing", "/health/x", "/functions", "/functions/"]) {
      const unknown = await fetch(server.url + path);
      assertEquals([unknown.status, await unknown.json()], [404, { error: "Function not found" }]);
    }
    for (const path of ["//chat", "/functions//chat", "//functions/chat/"]) {
      const refused = await fetch(server.url + path, { method: "POST" });
      assertEquals(refused.status, 401, path);
      await refused.text();
    }
  } finally {
    await server.stop();
  }
});

const STOPPING = "lets a running stream end and accepts no new connection when it stops";
Deno.test(STOPPING, { timeout: 300_000 }, async () => {
  await using upstream = createSlowUpstream();
  const server = await startStandalone(
    createEnvironment({ OPENROUTER_BASE_URL: upstream.url, PORT: "0" }),
  );
  await (await fetch(`${server.url}/health`)).text(); // leaves an idle connection open
  const response = await post(`${server.url}/stream`, { prompt: PROMPT });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = (await reader.read()).value!;
  assertStringIncludes(text, "first");

  let stopped = false;
  const stopping = server.stop().then(() => stopped = true);
  await assertRefusesConnections(server.url);
  assertEquals(stopped, false);
  upstream.goOn();
  for (let read = await reader.read(); !read.done; read = await reader.read()) text += read.value;
  assertMatch(text, /second[\s\S]*data: \[DONE\]\n\n$/);
  await stopping;
});

const PROCESSES =
  "serves the same users from two processes, and loses no request when one of them ends";
Deno.test(PROCESSES, { timeout: 300_000 }, async () => {
  await using upstream = createSlowUpstream();
  const environment = createEnvironment({ OPENROUTER_BASE_URL: upstream.url, PORT: "0" });
  await using one = await spawnServer(environment);
  await using two = await spawnServer(environment);

  const response = await post(`${one.url}/stream`, { prompt: PROMPT });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = (await reader.read()).value!;
  for (const { url } of [one, two, one, two]) {
    const chat = await post(`${url}/chat`, { prompt: PROMPT });
    assertEquals((await chat.json()).text, "Hello!");
  }

  one.process.kill("SIGTERM");
  await assertRefusesConnections(one.url!);
  assertEquals((await (await post(`${two.url}/chat`, { prompt: PROMPT })).json()).text, "Hello!");
  upstream.goOn();
  for (let read = await reader.read(); !read.done; read = await reader.read()) text += read.value;
  assertMatch(text, /first[\s\S]*second[\s\S]*data: \[DONE\]\n\n$/);
  assertEquals((await one.process.status).code, 0);
  const log = await one.output;
  assertEquals(log.match(/"slug":"chat"/g)?.length, 2);
  assertMatch(log, /"slug":"stream".*"stream":"/);
});

Deno.test("counts a signal once that arrives from the terminal and from the task", () => {
  const { addSignalListener } = Deno;
  const { now } = performance;
  const listeners: Record<string, () => void> = {};
  const heard: string[] = [];
  let ms = 0;
  try {
    Deno.addSignalListener = (signal, listener) => void (listeners[signal] = listener);
    performance.now = () => ms;
    listenForSignals(() => heard.push("first"), () => heard.push("again"));
    listeners.SIGINT!();
    ms += 500;
    listeners.SIGINT!();
    assertEquals(heard, ["first"]);
    ms += 1;
    listeners.SIGTERM!();
    assertEquals(heard, ["first", "again"]);
  } finally {
    Object.assign(Deno, { addSignalListener });
    Object.assign(performance, { now });
  }
});

Deno.test("exits with the list of missing settings when run as a task", async () => {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "start"],
    cwd: ROOT,
    // An empty value counts as missing, and hides the value in a developer's .env.
    env: {
      OPENROUTER_API_KEY: "",
      INSFORGE_BASE_URL: "",
      INSFORGE_INTERNAL_URL: "",
      NO_COLOR: "1",
    },
    stdin: "null",
  });
  const { code, stderr } = await command.output();
  assertEquals(code, 1);
  const text = new TextDecoder().decode(stderr);
  assertMatch(
    text,
    /^The server cannot start:\n- OPENROUTER_API_KEY is .*\n- INSFORGE_BASE_URL is/m,
  );
});

const MESSAGES = [{ role: "user", content: PROMPT }];

function post(url: string, body: unknown): Promise<Response> {
  const { pathname } = new URL(url);
  return fetch(url, createRequest(body, { path: pathname, token: TOKEN }));
}

async function assertRefusesConnections(url: string): Promise<void> {
  for (;;) {
    // A client of its own has no connection from before.
    using client = Deno.createHttpClient({});
    try {
      await (await fetch(`${url}/health`, { client })).body?.cancel();
    } catch {
      return;
    }
  }
}

/** A model that streams two words, the second after `goOn`. What is not streamed comes at once. */
function createSlowUpstream() {
  const told = Promise.withResolvers<void>();
  const encoder = new TextEncoder();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      if (!(await request.json()).stream) return Response.json(completion({ content: "Hello!" }));
      const body = ReadableStream.from((async function* () {
        yield encoder.encode(chunk({ content: "first" }));
        await told.promise;
        yield encoder.encode(chunk({ content: "second" }, { usage: USAGE }, "stop") + DONE);
      })());
      return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/api/v1`,
    goOn: told.resolve,
    async [Symbol.asyncDispose]() {
      told.resolve();
      await server.shutdown();
    },
  };
}
