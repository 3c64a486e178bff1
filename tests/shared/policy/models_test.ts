import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import type { Fields } from "../../../shared/fields.ts";
import { ApiError } from "../../../shared/errors.ts";
import { applyModelPolicy, isAllowedModel } from "../../../shared/policy/models.ts";
import { createSettings } from "../../../shared/settings.ts";
import { createRandom, type Random, readSeed } from "../../support/hostile_json.ts";

const CHAT = "/chat/completions";
const PATHS = [CHAT, "/responses", "/embeddings", "/images", "/of/tomorrow"];

/** A list, a name, and whether it is allowed. */
const NAMES: [list: string, name: string, isAllowed: boolean][] = [
  ["*", "anything at all", true],
  ["*", "@preset/x", true],
  ["openai/gpt-4o", "openai/gpt-4o", true],
  ["openai/gpt-4o", "OpenAI/GPT-4o", false],
  ["openai/gpt-4o", "openai/gpt-4o ", false],
  ["openai/gpt-4o", "openai/gpt-4o-mini", false],
  ["openai/gpt-4o", "openai/gpt-4o-2024-08-06", false],
  ["openai/gpt-4o", "openai/gpt-4o:online", false],
  ["openai/gpt-4o", "openai/gpt-4o:nitro", false],
  ["openai/gpt-4o", "gpt-4o", false],
  ["openai/gpt-4o*", "openai/gpt-4o-mini:online", true],
  ["openai/gpt-4o:*", "openai/gpt-4o:nitro", true],
  ["openai/gpt-4o:*", "openai/gpt-4o", false],
  ["openai/*", "openai/gpt-4o@preset/x", false],
  ["openai/*", "openai/gpt-4o:free@preset/x", false],
  ["openai/*@preset/x", "openai/gpt-4o@preset/x", true],
  ["openai/*", "~openai/gpt-latest", false],
  ["~openai/*", "~openai/gpt-latest", true],
  ["*latest", "~openai/gpt-latest", false],
  ["@preset/*", "@preset/mail", true],
  ["@preset/mail", "@preset/sale", false],
  ["*:free", "meta-llama/llama-3.3-70b-instruct:free", true],
  ["*:free", "openai/o1-pro:nitro:free", false],
  ["*:free", "openai/o1-pro", false],
  ["*free", "openrouter/free", false],
  ["open*", "openrouter/auto", false],
  ["*/auto", "openrouter/auto", false],
  ["openrouter/auto", "openrouter/auto", true],
  ["openrouter/*", "openrouter/auto:online", true],
  ["openai/*", "openai/../anthropic/claude-opus-4", false],
  ["openai/*", "openai/x\nanthropic/y", false],
  ["openai/*", "openai/x,anthropic/y", false],
  ["openai/*", "", false],
  ["llama3:*", "llama3:8b", true],
  ["hf.co/*", "hf.co/author/Model-GGUF:Q4_K_M", true],
  ["none", "openai/gpt-4o", false],
];

for (const [list, name, isAllowed] of NAMES) {
  Deno.test(`ALLOWED_MODELS=${list} ${isAllowed ? "allows" : "forbids"} ${JSON.stringify(name)}`, () => {
    assertEquals(
      isAllowedModel(name, settingsOf({ ALLOWED_MODELS: list }).ALLOWED_MODELS),
      isAllowed,
    );
  });
}

/** Requests that hold a forbidden model, laid over one that is in order, and the field that is to blame. */
const BACK_DOORS: [request: Fields, field: string][] = [
  [{ model: "evil/x" }, "model"],
  [{ model: "good/x:online" }, "model"],
  [{ models: ["good/x", "evil/x"] }, "models[1]"],
  [{ models: ["good/x", ["evil/x"]] }, "models[1]"],
  [{ models: "evil/x" }, "models"],
  [{ models: { 0: "evil/x" } }, "models"],
  [{ model: ["evil/x"], models: ["good/x"] }, "model[0]"],
  [{ model: { id: "evil/x" }, models: ["good/x"] }, "model"],
  [{ model: "openrouter/auto" }, "model"],
  [{ model: "~evil/latest" }, "model"],
  [{ model: "@preset/evil" }, "model"],
  [{ model: "good/x@preset/evil" }, "model"],
  [{ preset: "evil" }, "preset"],
  [{ Model: "evil/x" }, "Model"],
  [{ "modelſ": ["evil/x"] }, "modelſ[0]"],
  [{ fallback_models: ["evil/x"] }, "fallback_models[0]"],
  [{ route: "fallback" }, "route"],
  [{ prompt: { id: "pmpt_1" } }, "prompt"],
  [{ type: "function", models: ["evil/x"] }, "models[0]"],
  [{ provider: { options: { openai: { model: "evil/x" } } } }, "provider.options.openai.model"],
  [{ provider: { type: "function", model: "evil/x" } }, "provider.model"],
  [
    { plugins: [{ id: "auto-router", allowed_models: ["good/x", "*"] }] },
    "plugins[0].allowed_models[1]",
  ],
  [
    { plugins: [{ id: "auto-router", allowed_models: ["g*"] }] },
    "plugins[0].allowed_models[0]",
  ],
  [
    { plugins: [{ id: "auto-router", allowed_models: ["good/x"], pin_model: true }] },
    "plugins[0].pin_model",
  ],
  [{ plugins: [{ id: "auto-router" }] }, "plugins[0].allowed_models"],
  [{ plugins: [{ id: "web", model: "evil/x" }] }, "plugins[0].model"],
  [{ plugins: [{ id: "web", type: "custom", model: "evil/x" }] }, "plugins[0].model"],
  [{ plugins: [{ id: "fusion", preset: "general-high" }] }, "plugins[0].preset"],
  [
    { plugins: [{ id: "fusion", model: "good/x", analysis_models: ["evil/x"] }] },
    "plugins[0].analysis_models[0]",
  ],
  [{ plugins: [{ id: "pareto-router" }] }, "plugins[0]"],
  [{ plugins: [{ id: "fusion", enabled: false, model: "evil/x" }] }, "plugins[0].model"],
  [
    { tools: [{ type: "openrouter:image_generation", parameters: { model: "evil/x" } }] },
    "tools[0].parameters.model",
  ],
  [{ tools: [{ type: "openrouter:image_generation" }] }, "tools[0].parameters.model"],
  [
    { input: [{ type: "additional_tools", tools: [{ type: "advisor", model: "evil/x" }] }] },
    "input[0].tools[0].model",
  ],
  [{ tools: [{ type: "image_generation", model: "evil/x" }] }, "tools[0].model"],
  [
    {
      tools: [{ type: "openrouter:advisor", parameters: { type: "function", model: "evil/x" } }],
    },
    "tools[0].parameters.model",
  ],
  [
    {
      tools: [{
        type: "openrouter:subagent",
        parameters: {
          model: "good/x",
          tools: [{ type: "openrouter:advisor", parameters: { model: "evil/x" } }],
        },
      }],
    },
    "tools[0].parameters.tools[0].parameters.model",
  ],
];

for (const [request, field] of BACK_DOORS) {
  Deno.test(`no back door: ${JSON.stringify(request).slice(0, 100)}`, () => {
    for (const path of PATHS) {
      const error = refuse(path, { model: "good/x", ...request }, {
        ALLOWED_MODELS: "good/x,good/y",
      });
      assertEquals([error.status, error.code], [400, "AI_INVALID_MODEL"]);
      assertEquals(error.message.split('"')[1], field);
    }
  });
}

/** Requests that are in order, whatever words they hold. */
const IN_ORDER: Fields[] = [
  { model: "good/x" },
  { models: ["good/x", "good/y:free"] },
  { model: "good/x", models: ["good/y"], route: null, preset: null, prompt: "evil/x" },
  { model: "good/x", messages: [{ role: "assistant", content: "", model: "evil/x" }] },
  { model: "good/x", input: [{ model: "evil/x" }], metadata: { model: "evil/x" } },
  { model: "good/x", response_format: { json_schema: { model: "evil/x" } }, trace: { model: 1 } },
  {
    model: "good/x",
    tools: [
      { type: "function", function: { parameters: { properties: { model: { type: "string" } } } } },
      { type: "function", name: "f", parameters: { properties: { models: {} } } },
    ],
  },
  {
    model: "good/x",
    plugins: [{
      id: "auto-router",
      allowed_models: ["good/g*"],
      excluded_models: ["evil/x"],
      pin_model: false,
    }],
  },
];

for (const request of IN_ORDER) {
  Deno.test(`in order: ${JSON.stringify(request).slice(0, 100)}`, () => {
    for (const path of PATHS) {
      assertEquals(apply(path, request, { ALLOWED_MODELS: "good/*" }), request);
    }
  });
}

Deno.test("with nothing set a request is passed on as the very same object", () => {
  const request = { model: "evil/x:online", messages: [], plugins: [], n: 1, max_tokens: 5 };
  const { plugins: _, ...plain } = request;
  assert(apply(CHAT, plain, {}) === plain);
  assertEquals(apply(CHAT, request, {}), request);
});

Deno.test("adds OPENROUTER_CHAT_MODEL, or the gateway's model, when a chat names none", () => {
  const rows: [values: Record<string, string>, model: string][] = [
    [{}, "openai/gpt-4o-mini"],
    [{ OPENROUTER_CHAT_MODEL: "good/x" }, "good/x"],
    [{ AI_GATEWAY: "pinme" }, "openai/gpt-4o-mini"],
    [{ AI_GATEWAY: "pinata" }, "anthropic/claude-sonnet-4-6"],
    [{ AI_GATEWAY: "pinata", OPENROUTER_CHAT_MODEL: "good/x" }, "good/x"],
  ];
  for (const [values, model] of rows) {
    for (const path of [CHAT, "/responses"]) {
      for (const request of [{}, { model: undefined }, { model: null, models: null }]) {
        assertEquals(apply(path, request, values).model, model);
      }
      assertEquals(apply(path, { models: ["good/y"] }, values).model, undefined);
    }
  }
});

for (
  const request of [{ model: "" }, { models: [] }, { model: null, models: [] }, { model: 5 }, {}]
) {
  Deno.test(`the account's own default never answers ${JSON.stringify(request)}`, () => {
    const path = Object.keys(request).length > 0 ? CHAT : "/embeddings";
    const error = refuse(path, request, {});
    assertEquals([error.status, error.code], [400, "AI_INVALID_MODEL"]);
    assertMatch(error.message, /^"models?" must name a model$/);
  });
}

Deno.test("the message says which models are allowed", () => {
  const list = "good/*,*:free";
  const { message } = refuse(CHAT, { models: ["good/x", "evil/x"] }, { ALLOWED_MODELS: list });
  assertEquals(message, '"models[1]" must be an allowed model: good/*, *:free');
});

Deno.test("a default model that is not allowed is the project's mistake", () => {
  const values = { ALLOWED_MODELS: "good/*", OPENROUTER_IMAGE_MODEL: "evil/draws" };
  for (
    const [setting, model] of [
      ["OPENROUTER_CHAT_MODEL", "openai/gpt-4o-mini"],
      ["OPENROUTER_EMBEDDING_MODEL", "openai/text-embedding-3-small"],
      ["OPENROUTER_IMAGE_MODEL", "evil/draws"],
    ]
  ) {
    const error = refuse(CHAT, { model }, values);
    assertEquals([error.status, error.code], [500, "INTERNAL_ERROR"]);
    assertMatch(error.message, new RegExp(`${setting} must name a model that ALLOWED_MODELS`));
  }
});

Deno.test("a router that is allowed chooses among the allowed models", () => {
  const values = { ALLOWED_MODELS: "good/*,openrouter/auto,~good/latest,@preset/x" };
  const chosen = { id: "auto-router", allowed_models: ["good/*"] };
  const plugins = [{ id: "web" }];
  assertEquals(apply(CHAT, { model: "openrouter/auto" }, values).plugins, [chosen]);
  assertEquals(apply(CHAT, { models: ["good/x", "openrouter/auto"], plugins }, values).plugins, [
    { id: "web" },
    chosen,
  ]);
  const own = {
    model: "openrouter/auto",
    plugins: [{ id: "auto-router", allowed_models: ["good/x"] }],
  };
  assertEquals(apply(CHAT, own, values), own);
  const beside = { ...values, ALLOWED_PLUGINS: "none" };
  assertEquals(apply(CHAT, { model: "openrouter/auto" }, beside).plugins, [chosen]);
  const alone = { ALLOWED_MODELS: "openrouter/auto" };
  assertEquals(apply(CHAT, { model: "openrouter/auto" }, alone), { model: "openrouter/auto" });
});

Deno.test("a router is refused where it cannot be told which models to choose among", () => {
  const model = "openrouter/auto";
  for (
    const [field, hidden] of [
      ["tools[0].parameters.model", {
        tools: [{ type: "openrouter:advisor", parameters: { model } }],
      }],
      ["tools[0].model", { tools: [{ type: "image_generation", model: `${model}:nitro` }] }],
      ["plugins[0].analysis_models[1]", {
        plugins: [{ id: "fusion", model: "good/x", analysis_models: ["good/x", model] }],
      }],
      ["Model", { Model: model }],
    ] as [string, Fields][]
  ) {
    const request = { model: "good/x", ...hidden };
    const error = refuse(CHAT, request, { ALLOWED_MODELS: "good/*,openrouter/auto*" });
    assertEquals(error.code, "AI_INVALID_MODEL");
    assert(error.message.startsWith(`"${field}" must `), error.message);
    assertEquals(apply(CHAT, request, { ALLOWED_MODELS: "*" }).model, "good/x");
  }
});

/** Names that mean a web search, and the settings that forbid it. */
const SEARCHING: [model: string, values: Record<string, string>, isAllowed: boolean][] = [
  ["good/x:online", {}, true],
  ["good/x:online", { ALLOWED_SERVER_TOOLS: "none" }, false],
  ["good/x:ONLINE", { ALLOWED_SERVER_TOOLS: "none" }, false],
  ["good/x:nitro:online", { ALLOWED_SERVER_TOOLS: "datetime" }, false],
  ["good/x:online", { ALLOWED_PLUGINS: "none" }, false],
  ["good/x:online", { ALLOWED_PLUGINS: "web", ALLOWED_SERVER_TOOLS: "web_search" }, true],
  ["good/online", { ALLOWED_SERVER_TOOLS: "none", ALLOWED_PLUGINS: "none" }, true],
  ["openrouter/fusion", { ALLOWED_SERVER_TOOLS: "none" }, false],
  ["openrouter/fusion", { ALLOWED_PLUGINS: "none" }, true],
];

for (const [model, values, isAllowed] of SEARCHING) {
  Deno.test(`${JSON.stringify(values)} ${isAllowed ? "allows" : "forbids"} ${model}`, () => {
    for (const request of [{ model }, { models: ["good/x", model] }]) {
      if (isAllowed) assertEquals(apply(CHAT, request, values), request);
      else assertEquals(refuse(CHAT, request, values).code, "INVALID_INPUT");
    }
  });
}

const CEILING = { MAX_PROMPT_USD_PER_MILLION: "2", MAX_COMPLETION_USD_PER_MILLION: "0.5" };

/** What a caller says of prices, and what is sent under a ceiling of 2 and 0.5. */
const PRICES: [given: unknown, sent: unknown][] = [
  [undefined, { max_price: { prompt: "2", completion: "0.5" } }],
  [null, { max_price: { prompt: "2", completion: "0.5" } }],
  [{ sort: "price", max_price: {} }, {
    sort: "price",
    max_price: { prompt: "2", completion: "0.5" },
  }],
  [{ max_price: { prompt: 100, completion: "100", image: "1" } }, {
    max_price: { prompt: "2", completion: "0.5", image: "1" },
  }],
  [{ max_price: { prompt: "1.25", completion: 0 } }, {
    max_price: { prompt: "1.25", completion: "0" },
  }],
  [{ max_price: { prompt: null } }, { max_price: { prompt: "2", completion: "0.5" } }],
];

for (const [provider, sent] of PRICES) {
  Deno.test(`a ceiling of prices beside ${JSON.stringify(provider)}`, () => {
    for (const path of [CHAT, "/responses", "/embeddings"]) {
      assertEquals(apply(path, { model: "a/b", provider }, CEILING).provider, sent);
    }
  });
}

Deno.test("one ceiling leaves the other price alone, none leaves both", () => {
  const request = { model: "a/b", provider: { max_price: { prompt: 9, completion: 9 } } };
  const { MAX_PROMPT_USD_PER_MILLION } = CEILING;
  assertEquals(apply(CHAT, request, { MAX_PROMPT_USD_PER_MILLION }).provider, {
    max_price: { prompt: "2", completion: 9 },
  });
  assert(apply(CHAT, request, {}) === request);
});

Deno.test("a ceiling is not sent where nothing would read it", () => {
  const request = { model: "a/b" };
  assertEquals(apply("/images", request, CEILING), request);
  assertEquals(apply(CHAT, request, { ...CEILING, AI_GATEWAY: "pinata" }), request);
});

/** What would get around a ceiling, and the field that is to blame. */
const UNPRICED: [request: Fields, field: string][] = [
  [{ provider: [] }, "provider"],
  [{ provider: "cheap" }, "provider"],
  [{ provider: { max_price: "9" } }, "provider.max_price"],
  [{ provider: { max_price: { prompt: "free" } } }, "provider.max_price.prompt"],
  [{ provider: { max_price: { prompt: -1 } } }, "provider.max_price.prompt"],
  [{ provider: { max_price: { completion: [1], prompt: true } } }, "provider.max_price.prompt"],
  [{ service_tier: "priority" }, "service_tier"],
  [{ service_tier: "fast" }, "service_tier"],
  [{ service_tier: ["priority"] }, "service_tier"],
  [{ speed: "fast" }, "speed"],
];

for (const [request, field] of UNPRICED) {
  Deno.test(`a ceiling of prices refuses ${JSON.stringify(request)}`, () => {
    const error = refuse(CHAT, { model: "a/b", ...request }, CEILING);
    assertEquals([error.status, error.code], [400, "INVALID_INPUT"]);
    assertEquals(error.message.split('"')[1], field);
  });
}

for (
  const [what, request] of Object.entries({
    "a price of many digits": { provider: { max_price: { prompt: "1".repeat(2_000_000) + "x" } } },
    "a long name of many objects": {
      ["x".repeat(3_000_000)]: Array.from({ length: 40_000 }, () => ({ type: "function" })),
    },
  } as Record<string, Fields>)
) {
  Deno.test(`${what} is judged as soon as any other`, { timeout: 60_000 }, () => {
    try {
      apply(CHAT, { model: "m", ...request }, { ...CEILING, ALLOWED_MODELS: "m" });
    } catch (thrown) {
      assertEquals((thrown as ApiError).status, 400);
    }
  });
}

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
  ] as Fields[]
) {
  Deno.test(`what cannot even be made a text is refused: ${JSON.stringify(request)}`, () => {
    for (const list of ["m", "*"]) {
      const values = { ...CEILING, ALLOWED_MODELS: list, ALLOWED_SERVER_TOOLS: "datetime" };
      assertEquals(refuse(CHAT, { model: "m", ...request }, values).status, 400);
    }
  });
}

Deno.test("no random request gets a forbidden model past the policy", () => {
  const seed = readSeed();
  const random = createRandom(seed);
  const settings = settingsOf({
    ALLOWED_MODELS: "good/*,openrouter/auto",
    ALLOWED_PLUGINS: "*",
    OPENROUTER_CHAT_MODEL: "good/x",
  });
  const outcomes = { sent: 0, refused: 0 };
  for (let i = 0; i < 4_000; i++) {
    const request = createRequest(random);
    try {
      const sent = applyModelPolicy(CHAT, request, settings);
      const { messages: _, metadata: _1, ...acted } = sent;
      assert(!JSON.stringify(acted).includes("evil"), `seed ${seed}: ${JSON.stringify(request)}`);
      outcomes.sent++;
    } catch (thrown) {
      if (!(thrown instanceof ApiError)) throw thrown;
      assertEquals(thrown.status, 400, `seed ${seed}: ${thrown.message}`);
      outcomes.refused++;
    }
  }
  assert(outcomes.sent > 200 && outcomes.refused > 200, JSON.stringify(outcomes));
});

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

/** A request with models in all the places that take some, most of them allowed. */
function createRequest(random: Random): Fields {
  const some = <T>(values: T[]) => values[Math.floor(random() * values.length)];
  const name = () => some(random() < 0.04 ? EVIL : GOOD);
  const odd = () => some<unknown>([name(), [name()], [[name()]], { id: name() }, null, 5, true]);
  const choice = () => random() < 0.05 ? odd() : name();
  const list = () => random() < 0.05 ? odd() : Array.from({ length: 1 + random() * 3 }, name);
  const maybe = (fields: Fields) =>
    Object.fromEntries(Object.entries(fields).filter(() => random() < 0.25));
  const tool = (depth = 0): Fields =>
    some<() => Fields>([
      () => ({ type: "openrouter:image_generation", parameters: { model: choice() } }),
      () => ({ type: "image_generation", model: choice(), size: "1x1" }),
      () => ({ type: "openrouter:advisor", parameters: { model: choice(), name: "a" } }),
      () => ({
        type: "openrouter:subagent",
        parameters: { model: choice(), tools: depth < 3 ? [tool(depth + 1)] : [] },
      }),
      () => ({
        type: "openrouter:fusion",
        parameters: { model: choice(), analysis_models: list() },
      }),
      () => ({ type: "web_search", model: random() < 0.1 ? choice() : undefined }),
      () => ({ type: "openrouter:datetime" }),
    ])();
  const plugin = () =>
    some<() => Fields>([
      () => ({ id: "auto-router", allowed_models: list(), ...maybe({ pin_model: false }) }),
      () => ({ id: "fusion", model: choice(), analysis_models: list(), tools: [tool()] }),
      () => ({ id: "web", ...maybe({ type: "function", search_model: choice() }) }),
      () => ({ id: "file-parser", enabled: random() < 0.5 }),
    ])();
  return {
    model: choice(),
    messages: [{ role: "assistant", content: "evil/x", model: "evil/x" }],
    metadata: { model: "evil/x" },
    ...maybe({
      models: list(),
      tools: [tool(), tool()],
      plugins: [plugin(), plugin()],
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
  const sent = applyModelPolicy(path, request, settingsOf(values));
  assertEquals(request, copy, "the request itself is not changed");
  return sent;
}

function refuse(path: string, request: Fields, values: Record<string, string>): ApiError {
  return assertThrows(
    () => applyModelPolicy(path, request, settingsOf(values)),
    ApiError,
  ) as ApiError;
}

function settingsOf(values: Record<string, string>) {
  return createSettings({ get: (name) => values[name] });
}
