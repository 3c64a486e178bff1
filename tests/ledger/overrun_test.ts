/** What strangers cannot do to a budget: overrun it by parallel calls, or use it up by estimates. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { DEMO_USERS } from "../../tools/local/insforge/demo.ts";
import { type Stack, startStack } from "../../tools/local/stack.ts";
import { getAccessToken } from "../support/session.ts";

const PARALLEL = 60;
const LIMIT = 0.5;
console.log = () => {};

const messages = [{ role: "user", content: "Hello" }];
const PDF = { type: "file", file: { filename: "a.pdf", file_data: "https://files.example/a.pdf" } };

/** A burst of one request, and what each such call really costs, in USD. */
interface Burst {
  path: string;
  body: object;
  usd: number;
}

const BURSTS: Record<string, Burst> = {
  "web searches with 50 results": {
    path: "chat",
    body: {
      model: "openai/gpt-4o-mini",
      messages,
      tools: [{
        type: "openrouter:web_search",
        parameters: { max_results: 25, max_total_results: 50 },
      }],
    },
    usd: 0.203,
  },
  "an advisor with a dearer model": {
    path: "chat",
    body: {
      model: "openai/gpt-4o-mini",
      messages,
      tools: [{ type: "openrouter:advisor", parameters: { model: "anthropic/claude-opus-4.1" } }],
    },
    usd: 1.23,
  },
  "calls of a model whose prompts were cached": {
    path: "chat",
    body: { model: "anthropic/claude-sonnet-4.5", messages, max_tokens: 10_000 },
    usd: 0.15,
  },
  "pages that a plugin parses": {
    path: "chat",
    body: {
      model: "deepseek/deepseek-chat",
      messages: [{ role: "user", content: [{ type: "text", text: "Read" }, PDF] }],
    },
    usd: 0.2747,
  },
  "images": {
    path: "image-gen",
    body: { model: "google/gemini-2.5-flash-image", prompt: "A lighthouse" },
    usd: 0.0387,
  },
};

const price = (prompt: string, completion: string, rest = {}) => ({
  pricing: { prompt, completion, request: "0", image: "0", ...rest },
});
const MODELS = [
  { id: "openai/gpt-4o-mini", ...price("0.00000015", "0.0000006") },
  { id: "anthropic/claude-opus-4.1", ...price("0.000015", "0.000075") },
  { id: "anthropic/claude-sonnet-4.5", ...price("0.000003", "0.000015") },
  { id: "deepseek/deepseek-chat", ...price("0.0000003", "0.000001") },
  {
    id: "google/gemini-2.5-flash-image",
    ...price("0.0000003", "0.0000025", { image_output: "0.00003" }),
  },
];

/** A gateway whose calls all cost the same; some of them never end. */
function createGateway() {
  const gateway = { usd: 0, calls: 0, catalogues: 0, hangs: (_body: string) => false };
  const hanging = Promise.withResolvers<Response>();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    if (request.method === "GET") {
      gateway.catalogues++;
      return Response.json({ data: MODELS });
    }
    const text = await request.text();
    if (gateway.hangs(text)) return await hanging.promise;
    gateway.calls++;
    const { model } = JSON.parse(text);
    return Response.json({
      ...{ id: `gen-${gateway.calls}`, object: "chat.completion", created: 1, model },
      choices: [{
        ...{ index: 0, finish_reason: "stop" },
        message: {
          ...{ role: "assistant", content: "Hello" },
          images: [{ type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }],
        },
      }],
      usage: {
        ...{ prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, cost: gateway.usd },
      },
    });
  });
  return Object.assign(gateway, {
    url: `http://127.0.0.1:${server.addr.port}/api/v1`,
    async [Symbol.asyncDispose]() {
      hanging.resolve(new Response());
      await server.shutdown();
    },
  });
}

function start(gateway: { url: string }, settings: Record<string, string>): Promise<Stack> {
  const values: Record<string, string> = {
    ...{ PORT: "0", INSFORGE_PORT: "0", OPENROUTER_API_KEY: "sk-or-v1-test" },
    ...{ OPENROUTER_BASE_URL: gateway.url, ...settings },
  };
  return startStack({ get: (name) => values[name] });
}

Deno.test("overruns a limit by less than one call's cost after 60 parallel calls", async (t) => {
  await using gateway = createGateway();
  await using stack = await start(gateway, { USER_USD_PER_DAY: String(LIMIT) });
  const token = await getAccessToken(stack);
  for (const [name, { path, body, usd }] of Object.entries(BURSTS)) {
    await t.step(name, async () => {
      await clear(stack);
      // Cheap calls came before, as those of cached prompts are.
      gateway.usd = 0.000001;
      for (let i = 0; i < 3; i++) await post(stack, token, path, { ...body, max_tokens: 16 });
      await clear(stack);
      Object.assign(gateway, { usd, calls: 0 });
      const statuses = await Promise.all(
        Array.from({ length: PARALLEL }, async () => (await post(stack, token, path, body)).status),
      );
      const spent = gateway.calls * usd;
      assert(spent <= LIMIT + usd, `${spent} USD were spent by ${gateway.calls} calls`);
      const passed = statuses.filter((status) => status === 200).length;
      assertEquals(passed, gateway.calls);
      for (const status of statuses) assert([200, 402, 429].includes(status), `${status}`);
    });
  }
  assertEquals(gateway.catalogues, 1, "the catalogue is read once");
});

for (
  const [limits, settings] of Object.entries<Record<string, string>>({
    "user and project limits": { USER_USD_PER_DAY: "0.5", PROJECT_USD_PER_MONTH: "400" },
    "project limits alone": { PROJECT_USD_PER_MONTH: "400" },
  })
) {
  Deno.test(`refuses a request of 1100 files and keeps serving others with ${limits}`, async () => {
    await using gateway = createGateway();
    gateway.hangs = (text) => text.includes("files.example");
    await using stack = await start(gateway, { ...settings, REQUEST_DEADLINE_MS: "2000" });
    const [stranger, other] = await Promise.all(
      DEMO_USERS.map((user) => getAccessToken(stack, user)),
    ) as [string, string];
    const chat = () => post(stack, other, "chat", { model: "openai/gpt-4o-mini", messages });
    const files = (count: number) =>
      post(stack, stranger, "chat", {
        model: "anthropic/claude-sonnet-4.5",
        messages: [{
          role: "user",
          content: [{ type: "text", text: "x" }, ...Array(count).fill(PDF)],
        }],
      });
    const { status, body } = await files(1_100);
    assertEquals([status, body.error], [402, "BILLING_INSUFFICIENT_BALANCE"]);
    assertMatch(body.message, /^This request may cost up to \$[\d.]+, and \$(100|0\.5) is left$/);
    assertEquals((await chat()).status, 200);

    // What fits is sent; it never ends, and only its estimate can be charged.
    for (let i = 0; i < 4; i++) {
      const attack = files(35);
      assertEquals((await chat()).status, 200, "during the attack");
      await attack;
      assertEquals((await chat()).status, 200, "after the attack");
    }
    const [sums] = await stack.insforge!.sql(
      "select month_usd::float8 from ai_project_sums(ai_today())",
    );
    assert(sums!.month_usd as number <= 100.1, `${sums!.month_usd} USD count for the project`);
  });
}

Deno.test("holds nothing for file ids on 3000 parts of text", async () => {
  await using gateway = createGateway();
  await using stack = await start(gateway, { USER_USD_PER_DAY: "0.5" });
  const token = await getAccessToken(stack);
  const content = Array.from({ length: 3_000 }, () => ({ type: "text", text: "x", file_id: "f" }));
  const { status } = await post(stack, token, "chat", {
    model: "openai/gpt-4o-mini",
    messages: [{ role: "user", content }],
  });
  assertEquals(status, 200);
});

Deno.test("counts the provider's price of calls on the account's own provider key", async () => {
  await using upstream = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      if (request.method === "GET") return Response.json({ data: MODELS });
      await request.body?.cancel();
      return Response.json({
        ...{ id: "gen-1", object: "chat.completion", created: 1, model: "openai/gpt-4o-mini" },
        choices: [{
          index: 0,
          finish_reason: "stop",
          message: { role: "assistant", content: "ok" },
        }],
        usage: {
          ...{ prompt_tokens: 9_171, completion_tokens: 113, total_tokens: 9_284, cost: 0 },
          ...{ is_byok: true, cost_details: { upstream_inference_cost: 0.0360795 } },
        },
      });
    },
  );
  const url = `http://127.0.0.1:${upstream.addr.port}/api/v1`;
  await using stack = await start({ url }, { USER_USD_PER_DAY: "0.07" });
  const token = await getAccessToken(stack);
  const ask = () => post(stack, token, "chat", { prompt: "x", model: "openai/gpt-4o-mini" });
  assertEquals([(await ask()).status, (await ask()).status], [200, 200]);
  const response = await fetch(`${stack.functionsUrl}/usage`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  assertEquals((await response.json()).today.usd, 0.072159);
  assertEquals((await ask()).status, 402);
});

/** Forgets what was spent, and not the prices. */
async function clear({ insforge }: Stack): Promise<void> {
  for (;;) {
    const [row] = await insforge!.sql("select count(*)::int as open from ai_reservations");
    if (row!.open === 0) break;
  }
  await insforge!.sql("truncate ai_charges, ai_user_days, ai_user_totals");
}

// deno-lint-ignore no-explicit-any
async function post(stack: Stack, token: string, path: string, body: object): Promise<any> {
  const response = await fetch(`${stack.functionsUrl}/${path}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}
