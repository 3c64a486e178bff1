/**
 * PinMe's documentation, call by call: the base URL is that of `v1`, and the key is the user's session
 * token. The clients here are written as the documentation describes them.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createHmacToken, PROMPT, TOKEN, USER_ID } from "../support/caller.ts";
import { type Served, serveFunctions } from "./served.ts";

const model = "openai/gpt-4o-mini";
const messages = [
  { role: "system", content: "Answer briefly." },
  { role: "user", content: PROMPT },
];

Deno.test("PinMe, models: GET /api/v1/models with X-API-Key returns OpenRouter's list", async () => {
  await using served = await serveFunctions();
  const { data } = await (await listModels(served)).json();
  for (const id of [model, "openai/gpt-5.2", "anthropic/claude-sonnet-4.6"]) {
    assert(data.some((row: { id: string }) => row.id === id), id);
  }
});

Deno.test("PinMe, chat: returns OpenRouter's body with choices and usage", async () => {
  await using served = await serveFunctions();
  const response = await ask(served, { model, messages });
  const { id, choices, usage } = await response.json();
  const [{ message, finish_reason }] = choices;
  assertEquals([response.status, message.role, finish_reason], [200, "assistant", "stop"]);
  assert(id && message.content);
  assertEquals(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
});

Deno.test("PinMe, chat: returns the JSON or the error of a call, as its JSON client expects", async () => {
  await using served = await serveFunctions();
  const call = async (body: unknown) => {
    const response = await ask(served, body);
    return response.ok ? { data: await response.json() } : { error: await extract(response) };
  };
  assert((await call({ model, messages })).data.choices[0].message.content);
  assertStringIncludes((await call({ model, messages: [] })).error!, '"messages"');
});

Deno.test("PinMe, streaming: a proxy passes the events on, and a page reads them line by line", async () => {
  await using served = await serveFunctions();
  const whole = (await (await ask(served, { model, messages })).json()).choices[0].message.content;
  const upstream = await ask(served, { model, messages, stream: true });
  const proxied = new Response(upstream.body, {
    headers: { "Content-Type": "text/event-stream", "Cache-Control": "no-cache" },
  });
  assertEquals(await readLines(proxied), whole);
});

Deno.test("PinMe, web search: gpt-5.2 gets the server tool with its bounds", async () => {
  await using served = await serveFunctions();
  const parameters = { engine: "auto", max_results: 5, max_total_results: 10 };
  const tools = [{ type: "openrouter:web_search", parameters }];
  const response = await ask(served, {
    model: "openai/gpt-5.2",
    messages: [{ role: "user", content: "What is new in Lisbon?" }],
    tools,
  });
  const { choices } = await response.json();
  assert(choices[0].message.content);
  const { body } = served.openRouter.requests.at(-1)!;
  assertEquals([body.model, body.tools], ["openai/gpt-5.2", tools]);
});

const EXPIRED = await createHmacToken({ sub: USER_ID, exp: 1 });
/** The rows of the table of errors, and the errors that PinMe passes through from OpenRouter. */
const ROWS: Record<string, [Parameters<typeof ask>[1], Record<string, string>, number, RegExp]> = {
  "no key": [{ messages }, {}, 401, /^No token provided$/],
  "an invalid key": [{ messages }, { "X-API-Key": EXPIRED }, 401, /^Invalid token$/],
  "an invalid request": [{ messages: [] }, { "X-API-Key": TOKEN }, 400, /^"messages" must be/],
  "no credits": [simulate({ status: 402 }), { "X-API-Key": TOKEN }, 402, /credits/],
  "a body above the limit": [
    { messages: [{ role: "user", content: "x".repeat(1_048_576) }] },
    { "X-API-Key": TOKEN },
    413,
    /must not exceed 1048576 bytes/,
  ],
  "too many requests": [simulate({ status: 429 }), { "X-API-Key": TOKEN }, 429, /rate limit/],
  "a flagged input": [
    simulate({ status: 451, metadata: { reasons: ["violence"] } }),
    { "X-API-Key": TOKEN },
    403,
    /^The request was refused: violence$/,
  ],
  "an unknown model": [{ model: "no/such", messages }, { "X-API-Key": TOKEN }, 400, /no\/such/],
  "a service that is down": [simulate({ status: 502 }), { "X-API-Key": TOKEN }, 502, /failed/],
};
for (const [situation, [body, key, status, message]] of Object.entries(ROWS)) {
  Deno.test(`PinMe, errors: ${situation} is a ${status} whose message the documented extractor finds`, async () => {
    await using served = await serveFunctions({ MAX_BODY_BYTES: "1048576" });
    const response = await ask(served, body, key);
    assertEquals(response.status, status);
    const envelope = await response.clone().json();
    assertEquals([envelope.code, envelope.data.error], [status, envelope.error.message]);
    assertMatch(await extract(response), message);
  });
}

Deno.test("PinMe, errors: a proxy that fails before the request is a 500 that names the setting", async () => {
  await using served = await serveFunctions({ OPENROUTER_API_KEY: "" });
  const response = await ask(served, { messages });
  assertEquals(response.status, 500);
  assertMatch(await extract(response), /^The setting OPENROUTER_API_KEY is missing/);
});

Deno.test("PinMe, errors: the list of models has the envelope, too", async () => {
  await using served = await serveFunctions();
  const response = await listModels(served, {});
  assertEquals([response.status, await extract(response)], [401, "No token provided"]);
});

Deno.test("PinMe, errors: a caller that cannot connect is a network error", async () => {
  const served = await serveFunctions();
  await served[Symbol.asyncDispose]();
  const failure = await ask(served, { messages }).then(() => undefined, (error) => error);
  assert(failure instanceof TypeError);
});

function simulate(simulation: object) {
  return { model, messages, simulate: { times: 9, ...simulation } };
}

function listModels(
  { url }: Served,
  headers: Record<string, string> = { "X-API-Key": TOKEN },
): Promise<Response> {
  return fetch(`${url}/v1/api/v1/models`, { headers });
}

function ask(
  { url }: Pick<Served, "url">,
  body: unknown,
  key: Record<string, string> = { "X-API-Key": TOKEN },
): Promise<Response> {
  const project = encodeURIComponent("my shop & café");
  return fetch(`${url}/v1/api/v1/chat/completions?project_name=${project}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...key },
    body: JSON.stringify(body),
  });
}

/** Finds the message in the documented order: the envelope, then OpenRouter's error, then the text. */
async function extract(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { data, msg, error } = JSON.parse(text);
    if (data?.error !== undefined) return String(data.error);
    if (msg) return msg;
    return typeof error === "string" ? error : error.message;
  } catch {
    return text || `HTTP ${response.status}`;
  }
}

/** Reads a stream as a page does: whole lines, and the first choice of each event. */
async function readLines(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let [held, answer] = ["", ""];
  for await (const bytes of response.body!) {
    const lines = (held + decoder.decode(bytes, { stream: true })).split("\n");
    held = lines.pop()!;
    for (const line of lines.filter((line) => line.startsWith("data: "))) {
      const data = line.slice("data: ".length);
      if (data === "[DONE]") return answer;
      answer += JSON.parse(data).choices[0]?.delta?.content ?? "";
    }
  }
  throw new Error("The stream ended without [DONE]");
}
