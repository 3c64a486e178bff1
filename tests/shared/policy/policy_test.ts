import { assert, assertEquals, assertThrows } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import type { Fields } from "../../../shared/fields.ts";
import { applyPolicy } from "../../../shared/policy/policy.ts";
import { createSettings } from "../../../shared/settings.ts";
import { createRandom, type Random, readSeed } from "../../support/hostile_json.ts";

const CHAT = "/chat/completions";

Deno.test("returns the very same object when nothing has to be added", () => {
  const request = { model: "evil/x:online", messages: [], n: 1, max_tokens: 5 };
  assert(apply(CHAT, request, {}) === request);
  const listed = { ALLOWED_MODELS: "evil/*", ALLOWED_PLUGINS: "web,file-parser" };
  assert(apply(CHAT, request, listed) === request);
});

Deno.test("does not search the request when no list restricts it", () => {
  let reads = 0;
  const messages = new Proxy([{ content: "x" }], {
    get: (target, name, receiver) => (reads++, Reflect.get(target, name, receiver)),
  });
  const options = new Proxy({ a: { model: "evil/x" } }, {
    ownKeys: (target) => (reads++, Reflect.ownKeys(target)),
  });
  applyPolicy(CHAT, { model: "m", messages, provider: { options } }, settingsOf({}));
  assertEquals(reads, 0);
});

for (const path of [CHAT, "/responses", "/embeddings", "/images", "/of/tomorrow"]) {
  Deno.test(`rejects a model in any field of ${path}`, () => {
    for (
      const request of [
        { model: "evil/x" },
        { model: "m", models: ["evil/x"] },
        { model: "m", provider: { options: { a: { model: "evil/x" } } } },
        { model: "m", plugins: [{ id: "auto-router", allowed_models: ["m"] }] },
        { model: "m", tools: [{ type: "image_generation" }] },
      ]
    ) {
      const values = { ALLOWED_MODELS: "m" };
      const error = assertThrows(() => apply(path, request, values), ApiError);
      assertEquals([error.status, error.code], [400, "AI_INVALID_MODEL"]);
    }
  });
}

Deno.test("bounds the steps of a request, and of the tools and plugins in it", () => {
  const endless = {
    model: "m",
    stop_server_tools_when: [{ type: "max_cost", max_cost_in_dollars: 9 }],
  };
  assertEquals((apply(CHAT, endless, {}).stop_server_tools_when as unknown[]).length, 2);
  assertThrows(
    () => apply(CHAT, { model: "m", max_tool_calls: 1000 }, {}),
    ApiError,
    '"max_tool_calls" must be a whole number from 1 to 30',
  );
  assertThrows(
    () => apply(CHAT, { model: "m", plugins: [{ id: "fusion", max_tool_calls: 99 }] }, {}),
    ApiError,
    '"plugins[0].max_tool_calls" must be a whole number from 1 to 30',
  );
});

const NO_TEXT = { toString: null, valueOf: null };
for (
  const request of [
    { max_tokens: NO_TEXT },
    { n: NO_TEXT },
    { reasoning: { max_tokens: NO_TEXT } },
    { service_tier: NO_TEXT },
    { preset: NO_TEXT },
    { models: [NO_TEXT] },
    { tool_choice: { type: NO_TEXT } },
    { provider: { max_price: { prompt: NO_TEXT } } },
    { plugins: [{ id: "x", model: NO_TEXT }] },
    { tools: [NO_TEXT] },
    { tools: NO_TEXT },
  ] as Fields[]
) {
  Deno.test(`returns 400 for an object that cannot become a text: ${JSON.stringify(request)}`, () => {
    for (const list of ["m", "*"]) {
      const values = {
        ALLOWED_MODELS: list,
        ALLOWED_SERVER_TOOLS: "datetime",
        MAX_PROMPT_USD_PER_MILLION: "2",
      };
      const error = assertThrows(() => apply(CHAT, { model: "m", ...request }, values), ApiError);
      assertEquals(error.status, 400);
    }
  });
}

/** Settings, and the server tools and plugins that they allow in the requests below. */
const POLICIES: [values: Record<string, string>, tools: string[], plugins: string[]][] = [
  [
    { ALLOWED_MODELS: "good/*,openrouter/auto" },
    ["web_search", "web_fetch", "datetime"],
    ["web", "web-fetch", "file-parser", "response-healing"],
  ],
  [
    {
      ALLOWED_MODELS: "good/*,openrouter/auto",
      ALLOWED_SERVER_TOOLS: "datetime,image_generation,advis*",
      ALLOWED_PLUGINS: "auto-router,fusion,*-healing",
    },
    ["datetime", "image_generation"],
    ["auto-router", "response-healing"],
  ],
  [
    {
      ALLOWED_MODELS: "good/*,openrouter/auto",
      ALLOWED_SERVER_TOOLS: "web_*,fusion,advisor,subagent",
      ALLOWED_PLUGINS: "fusion,web",
    },
    ["web_search", "web_fetch", "fusion", "advisor", "subagent"],
    ["fusion", "web"],
  ],
  [{ ALLOWED_SERVER_TOOLS: "none", ALLOWED_PLUGINS: "none" }, [], []],
  [
    { ALLOWED_SERVER_TOOLS: "*_search,bash", ALLOWED_PLUGINS: "web,web-fetch,file-*" },
    ["web_search", "bash"],
    ["web", "file-parser"],
  ],
];

for (const [values, tools, plugins] of POLICIES) {
  Deno.test(`${JSON.stringify(values)} holds for random requests`, () => {
    const seed = readSeed();
    const random = createRandom(seed);
    const settings = settingsOf({ ...values, OPENROUTER_CHAT_MODEL: "good/x" });
    const listsModels = values.ALLOWED_MODELS !== undefined;
    const outcomes = { sent: 0, rejected: 0 };
    for (let i = 0; i < 2_000; i++) {
      const request = createRequest(random);
      const context = () => `seed ${seed}: ${JSON.stringify(request)}`;
      try {
        const { messages: _, metadata: _1, ...acted } = applyPolicy(CHAT, request, settings);
        const used = listUsed(acted);
        if (listsModels) assert(!JSON.stringify(acted).includes("evil"), context());
        for (const tool of used.tools) assert(tools.includes(tool), `${tool}, ${context()}`);
        for (const plugin of used.plugins) {
          assert(plugins.includes(plugin), `${plugin}, ${context()}`);
        }
        outcomes.sent++;
      } catch (thrown) {
        if (!(thrown instanceof ApiError)) throw thrown;
        assertEquals(thrown.status, 400, `${thrown.message}, ${context()}`);
        outcomes.rejected++;
      }
    }
    assert(outcomes.sent > 100 && outcomes.rejected > 100, JSON.stringify(outcomes));
  });
}

/** The server tools and plugins of a request, found without the policy's own code. */
function listUsed(request: Fields): { tools: string[]; plugins: string[] } {
  const tools: string[] = [];
  const plugins: string[] = [];
  JSON.stringify(request, (key, value) => {
    for (const tool of key === "tools" && Array.isArray(value) ? value : []) {
      const name = String(tool.type).replace("openrouter:", "");
      if (["function", "namespace"].includes(name)) continue;
      tools.push(name.startsWith("web_search") ? "web_search" : name);
    }
    for (const plugin of key === "plugins" && Array.isArray(value) ? value : []) {
      const isOff = plugin.enabled === false && plugin.id !== "web-fetch";
      const isNative = plugin.id === "file-parser" && plugin.pdf?.engine === "native";
      if (!isOff && !isNative) plugins.push(plugin.id);
    }
    return value;
  });
  const searches = /:online/i.test(JSON.stringify([request.model, request.models]));
  if (searches) tools.push("web_search");
  if (searches || plugins.includes("web")) tools.push("web_search");
  return { tools, plugins };
}

const GOOD = ["good/x", "good/y:free", "good/z:nitro", "openrouter/auto"];
const EVIL = [
  "evil/x",
  "~evil/latest",
  "@preset/evil",
  "good/x@preset/evil",
  "openrouter/evil",
  "good/../evil/x",
  "good/x evil/x",
  "good/x:free:evil",
];

/** A request with models, tools and plugins in every place that takes some; most are allowed. */
function createRequest(random: Random): Fields {
  const some = <T>(values: T[]) => values[Math.floor(random() * values.length)]!;
  const name = () => random() < 0.01 ? "good/x:online" : some(random() < 0.03 ? EVIL : GOOD);
  const odd = () => some<unknown>([name(), [name()], [[name()]], { id: name() }, null, 5, true]);
  const choice = () => random() < 0.03 ? odd() : name();
  const list = () => random() < 0.03 ? odd() : Array.from({ length: 1 + random() * 3 }, name);
  const maybe = (fields: Fields) =>
    Object.fromEntries(Object.entries(fields).filter(() => random() < 0.2));
  const tool = (depth = 0): Fields =>
    some<() => Fields>([
      () => ({ type: "openrouter:image_generation", parameters: { model: choice() } }),
      () => ({ type: "image_generation", ...maybe({ model: choice() }), size: "1x1" }),
      () => ({ type: "openrouter:advisor", parameters: { model: choice(), name: "a" } }),
      () => ({
        type: some(["openrouter:subagent", "subagent"]),
        parameters: { model: choice(), tools: depth < 3 ? [tool(depth + 1)] : [] },
      }),
      () => ({ type: "openrouter:fusion", parameters: { analysis_models: list() } }),
      () => ({ type: "web_search_preview", ...maybe({ model: choice() }) }),
      () => ({ type: "openrouter:web_search" }),
      () => ({ type: "openrouter:datetime" }),
      () => ({ type: "function", function: { name: "f", parameters: { model: {} } } }),
      () => ({ type: "namespace", tools: depth < 3 ? [tool(depth + 1)] : [] }),
      () => ({ type: some(["bash", "constructor", "openrouter:of_tomorrow"]) }),
    ])();
  const plugin = () =>
    some<() => Fields>([
      () => ({ id: "auto-router", ...maybe({ allowed_models: list(), pin_model: false }) }),
      () => ({ id: "fusion", ...maybe({ model: choice(), analysis_models: list() }) }),
      () => ({ id: "fusion", tools: [tool()] }),
      () => ({ id: "web", ...maybe({ type: "function", search_model: choice() }) }),
      () => ({ id: "web-fetch", ...maybe({ enabled: false }) }),
      () => ({ id: "response-healing" }),
      () => ({ id: "file-parser", enabled: random() < 0.5 }),
      () => ({ id: some(["constructor", "__proto__", "pareto-router"]) }),
    ])();
  return {
    model: choice(),
    messages: [{
      role: "assistant",
      content: [{ type: random() < 0.2 ? "file" : "text" }],
      model: "evil/x",
    }],
    metadata: { model: "evil/x" },
    ...maybe({
      models: list(),
      tools: [tool(), ...(random() < 0.3 ? [tool()] : [])],
      plugins: [plugin(), ...(random() < 0.3 ? [plugin()] : [])],
      input: ["x", { type: "additional_tools", tools: [tool()] }],
      provider: { options: { a: { model: choice() } } },
      type: "function",
    }),
    ...(random() < 0.02 ? { preset: "evil" } : {}),
    ...(random() < 0.02 ? { MODELS: list() } : {}),
  };
}

function apply(path: string, request: Fields, values: Record<string, string>): Fields {
  const copy = structuredClone(request);
  const sent = applyPolicy(path, request, settingsOf(values));
  assertEquals(request, copy, "the request is not changed");
  return sent;
}

function settingsOf(values: Record<string, string>) {
  return createSettings({ get: (name) => values[name] });
}
