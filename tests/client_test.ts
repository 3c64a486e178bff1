/** The browser client with the real functions, signed in through InsForge's SDK. */
import { AuthChangeEvent } from "@insforge/sdk";
import { SignJWT } from "jose";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  type AiClient,
  AiError,
  createAiClient,
  type FinishedImage,
  type ImageText,
  type PartialImage,
  type Tool,
} from "../client/mod.ts";
import { DEMO_USERS } from "../tools/local/insforge/demo.ts";
import { type Stack, startStack } from "../tools/local/stack.ts";
import { collect, join } from "./client/host.ts";
import type { WorkerOrder } from "./client/worker.ts";
import { Browser, type Client, signIn } from "./support/browser.ts";

const ANY_PORT: Record<string, string> = { PORT: "0", INSFORGE_PORT: "0", OPENROUTER_PORT: "0" };
/** Makes the simulated OpenRouter stream without pauses. */
const AT_ONCE = { chunk_delay_ms: 0 };
const HELLO = { prompt: "Hello", simulate: AT_ONCE };
const TICKETS = {
  table: "support_tickets",
  columns: ["subject"],
  limit: 5,
  simulate: AT_ONCE,
};
const { email, tickets } = DEMO_USERS[0]!;
console.log = () => {};

Deno.test("the browser client", async (t) => {
  await using stack = await startStack({ get: (name) => ANY_PORT[name] });
  using browser = new Browser();
  const insforge = await signIn(stack, browser, stack.functionsUrl);
  const ai = createAiClient({ insforge });

  await t.step("chats, embeds, draws and summarizes as the signed-in user", async () => {
    const answer = await ai.chat({ prompt: "Name a colour" });
    assert(answer.text && answer.usage!.total_tokens > 0);
    assertEquals([answer.finish_reason, answer.model], ["stop", "openai/gpt-4o-mini"]);

    const { embeddings, dimensions } = await ai.embeddings({ input: ["a", "b"] });
    assertEquals([embeddings.length, embeddings[0]?.length], [2, dimensions]);

    const { images: [image] } = await ai.generateImage({ prompt: "a cat" });
    assert(image);
    assertMatch("data_url" in image ? image.data_url : image.url, /^data:image\/png;base64,/);

    const request = {
      model: "openai/gpt-image-1",
      prompt: "a cat",
      stream: true,
      simulate: AT_ONCE,
    };
    const events: string[] = [];
    const parts = ai.streamFrom<PartialImage | ImageText | FinishedImage>("image-gen", request);
    for await (const part of parts) if (part.type === "data") events.push(part.data.type);
    assertEquals(events, ["partial", "partial", "image"]);

    const { summary, rows_read, truncated } = await ai.summarizeRecords(TICKETS);
    assert(summary);
    assertEquals([rows_read, truncated], [5, tickets > 5]);

    const { models } = await ai.models({ modality: "text", supported_parameters: ["tools"] });
    assert(models.some(({ id }) => id === answer.model));
    assertEquals((await ai.model(answer.model)).id, answer.model);

    const documents = ["A ferry at dawn", "A bakery that sells bread"];
    const { results } = await ai.rerank({ query: "Who sells bread?", documents, top_n: 1 });
    assertEquals(results.map(({ document }) => document), ["A bakery that sells bread"]);

    const { audio } = await ai.speech({ input: "The ferry leaves at nine." });
    assert("data_url" in audio);
    const transcript = await ai.transcribe({ audio: audio.data_url });
    assertMatch(transcript.text, /^A recording of \d+ second/);

    const { today, days } = await ai.usage();
    assertEquals(today.requests, 8);
    assertEquals(days.reduce((sum, { requests }) => sum + requests, 0), 8);
  });

  await t.step("streams answers, and summaries with their facts first", async () => {
    const parts = await collect(ai.stream(HELLO));
    assert(parts.filter(({ type }) => type === "text").length > 3);
    assertEquals(join(parts).map(({ type }) => type), ["text", "usage", "finish"]);

    const [first, ...rest] = join(await collect(ai.streamSummary(TICKETS)));
    assert(first?.type === "summary");
    assertEquals([first.summary.table, first.summary.rows_read], ["support_tickets", 5]);
    assertEquals(rest.map(({ type }) => type), ["text", "usage", "finish"]);

    const filters = [{ column: "subject", op: "eq" as const, value: "no such subject" }];
    const empty = join(await collect(ai.streamSummary({ ...TICKETS, filters })));
    assertEquals(empty.map(({ type }) => type), ["summary", "text", "usage", "finish"]);
  });

  await t.step("indexes the user's rows and answers questions from them", async () => {
    const { indexed, waiting } = await ai.indexRecords("support_tickets");
    assertEquals([indexed, waiting], [120, 0]);
    const request = { question: "Who was charged twice?", table: "support_tickets" };
    const { answer, citations, usage } = await ai.ask(request);
    assert(answer && citations.length === 8 && usage.completion_tokens > 0);
    assertEquals(citations[0]!.table, "support_tickets");
    const [first, ...rest] = join(await collect(ai.streamAsk(request)));
    assert(first?.type === "citations");
    assertEquals(first.citations, citations);
    assertEquals(rest.map(({ type }) => type), ["text", "usage", "finish"]);
    const nothing = { ...request, question: "xyzzy", match_threshold: 1 };
    const empty = join(await collect(ai.streamAsk(nothing)));
    assertEquals(empty.map(({ type }) => type), ["citations", "text", "usage", "finish"]);
  });

  await t.step("reads every stream that the simulated OpenRouter can make", async () => {
    const plain = ["text", "usage", "finish"];
    const called = ["tool-call", "usage", "finish"];
    const tools: Tool[] = [{ type: "function", function: { name: "weather" } }];
    const cases: [{ simulate: object; tools?: Tool[] }, string[]][] = [
      [{ simulate: { usage: "none" } }, ["text", "finish"]],
      [{ simulate: { repeat_finish: true } }, plain],
      [{ simulate: { done: false } }, plain],
      [{ simulate: { chop: 5, comments_before: 3, comments_between: 2, text: "Grüße 🌍" } }, plain],
      [{ simulate: { answer: "refusal" } }, ["refusal", "usage", "finish"]],
    ];
    for (const usage of ["A", "B", "C", "D"]) cases.push([{ simulate: { usage } }, plain]);
    for (const fail of ["event", "choice", "cut", "cut_frame"]) {
      cases.push([{ simulate: { fail, after: 2 } }, ["text", "error"]]);
    }
    for (const form of ["fragmented", "whole", "index_gap", "with_finish", "no_finish"]) {
      cases.push([{ tools, simulate: { tool_calls: form } }, called]);
    }
    cases.push([{ tools, simulate: { tool_calls: "empty_arguments" } }, called]);
    for (const form of ["parallel", "same_index"]) {
      cases.push([{ tools, simulate: { tool_calls: form } }, ["tool-call", ...called]]);
    }
    for (const [fields, types] of cases) {
      const simulate = { ...AT_ONCE, ...fields.simulate };
      const request = { prompt: "What is the weather in Rome?", ...fields, simulate };
      const parts = join(await collect(ai.stream(request)));
      const sent = JSON.stringify(fields.simulate);
      assertEquals(parts.map(({ type }) => type), types, sent);
      for (const part of parts) {
        if (part.type === "error") assertEquals(part.error.code, "AI_UPSTREAM_UNAVAILABLE", sent);
        if (part.type === "tool-call") JSON.parse(part.arguments);
      }
    }
  });

  await t.step("reports a function's error with its message and Retry-After", async () => {
    const invalid = await assertRejects(() => ai.chat({ messages: [] }), AiError);
    assertEquals([invalid.status, invalid.code, invalid.message], [
      400,
      "INVALID_INPUT",
      '"messages" must be a non-empty array',
    ]);
    assertMatch(invalid.requestId!, /^[\w-]{36}$/);

    const simulate = { status: 429, retry_after: 3_600 };
    const request = { prompt: "Hello", simulate };
    const [part] = await collect(ai.stream(request));
    assert(part?.type === "error");
    assertEquals([part.error.status, part.error.code, part.error.retryAfterSeconds], [
      429,
      "RATE_LIMITED",
      3_600,
    ]);
  });

  await t.step("cancels the call to OpenRouter when the loop is left", async () => {
    const simulate = { chunk_delay_ms: 20, text: "word ".repeat(500) };
    const request = { prompt: "Write on", simulate };
    for await (const part of ai.stream(request)) {
      if (part.type === "text") break;
    }
    // Not simply the last request: costs of earlier calls may be looked up meanwhile.
    const posted = stack.openrouter!.requests.findLast(({ method }) => method === "POST")!;
    assert(await posted.cancelled);
  });

  await t.step("refreshes the SDK's session when its token has expired", async () => {
    for (const call of [(ai: AiClient) => ai.chat(HELLO), streamHello]) {
      await expireToken(stack, insforge);
      browser.exchanges.length = 0;
      await call(ai);
      // The SDK notices by itself that the token has expired.
      assertEquals(browser.exchanges[0], "POST /api/auth/refresh 200");
      assertEquals(browser.exchanges.length, 2);
    }
  });

  await t.step("refreshes the session when only the functions reject the token", async () => {
    for (const functionsUrl of [stack.functionsUrl, undefined]) {
      const client = await signIn(stack, browser, functionsUrl);
      await expireToken(stack, client, { forged: true });
      browser.exchanges.length = 0;
      await streamHello(createAiClient({ insforge: client }));
      const path = functionsUrl ? "/stream" : "/functions/stream";
      assertEquals(browser.exchanges, [
        `POST ${path} 401`,
        "POST /api/auth/refresh 200",
        `POST ${path} 200`,
      ]);
    }
  });

  await t.step("reports that a session has ended", async () => {
    const client = await signIn(stack, browser, stack.functionsUrl);
    await expireToken(stack, client);
    browser.forget();
    const ended = createAiClient({ insforge: client });
    for (const code of ["AUTH_UNAUTHORIZED", "AUTH_INVALID_CREDENTIALS"]) {
      const error = await assertRejects(() => ended.chat({ prompt: "Hello" }), AiError);
      assertEquals([error.status, error.code], [401, code]);
    }
  });

  await t.step("works in a worker", async () => {
    const worker = new Worker(new URL("client/worker.ts", import.meta.url), { type: "module" });
    try {
      const answer = Promise.withResolvers<string>();
      worker.onmessage = ({ data }) => answer.resolve(data);
      worker.onerror = ({ message }) => answer.reject(new Error(message));
      const token = (await insforge.getHttpClient().getValidAccessToken())!;
      const order: WorkerOrder = { functionsUrl: stack.functionsUrl, token, prompt: "Hello" };
      worker.postMessage(order);
      assert(await answer.promise);
    } finally {
      worker.terminate();
    }
  });
});

async function streamHello(ai: AiClient): Promise<void> {
  const last = (await collect(ai.stream(HELLO))).at(-1)!;
  assertEquals(last.type, "finish");
}

/** Replaces the session's token by an expired one, or by one with a wrong signature. */
async function expireToken(
  stack: Stack,
  client: Client,
  { forged = false } = {},
): Promise<void> {
  const { data } = await client.auth.getCurrentUser();
  const now = Math.floor(Date.now() / 1_000);
  const exp = forged ? now + 900 : now - 60;
  const secret = forged
    ? "another secret, as after a rotation"
    : stack.insforge!.secrets.JWT_SECRET;
  const token = await new SignJWT({ sub: data.user!.id, email, role: "authenticated", exp })
    .setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(secret));
  client.setAccessToken(token, AuthChangeEvent.TOKEN_REFRESHED);
}
