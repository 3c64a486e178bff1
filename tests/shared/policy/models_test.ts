import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import type { Fields } from "../../../shared/fields.ts";
import { isAllowedModel, requireAllowedModels, withModel } from "../../../shared/policy/models.ts";
import { createSettings } from "../../../shared/settings.ts";

const CHAT = "/chat/completions";

/** A list, the name of a model, and whether the list allows it. */
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
  Deno.test(`ALLOWED_MODELS=${list} ${isAllowed ? "allows" : "rejects"} ${JSON.stringify(name)}`, () => {
    assertEquals(
      isAllowedModel(name, settingsOf({ ALLOWED_MODELS: list }).ALLOWED_MODELS),
      isAllowed,
    );
  });
}

/** Requests that name a model outside the list, and the field that the message names. */
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
  [{ fallback_models: ["evil/x"] }, "fallback_models[0]"],
  [
    { tools: [{ type: "function", models: [] }], fallbacks: [{ model: "evil/x" }] },
    "fallbacks[0].model",
  ],
  [JSON.parse('{"__proto__": {"model": "evil/x"}}'), "__proto__.model"],
  [{ plugins: { 0: { model: "evil/x" } } }, "plugins.0.model"],
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
  [{ plugins: [{ id: "web", model: "evil/x" }] }, "plugins[0].model"],
  [{ plugins: [{ id: "web", type: "custom", model: "evil/x" }] }, "plugins[0].model"],
  [{ plugins: [{ id: "fusion", preset: "general-high" }] }, "plugins[0].preset"],
  [
    { plugins: [{ id: "fusion", model: "good/x", analysis_models: ["evil/x"] }] },
    "plugins[0].analysis_models[0]",
  ],
  [{ plugins: [{ id: "fusion", enabled: false, model: "evil/x" }] }, "plugins[0].model"],
  [
    { tools: [{ type: "openrouter:image_generation", parameters: { model: "evil/x" } }] },
    "tools[0].parameters.model",
  ],
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
  Deno.test(`rejects a model in any field: ${JSON.stringify(request).slice(0, 100)}`, () => {
    const error = reject({ model: "good/x", ...request }, { ALLOWED_MODELS: "good/x,good/y" });
    assertEquals([error.status, error.code], [400, "AI_INVALID_MODEL"]);
    assertEquals(error.message.split('"')[1], field);
  });
}

/** Requests whose words look like models but are content, or options of the caller's own tools. */
const ACCEPTED: Fields[] = [
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
    functions: [{ name: "f", parameters: { properties: { model: {} } } }],
    function_call: { name: "f", model: "evil/x" },
    system: [{ type: "text", text: "x", model: "evil/x" }],
    tools: [{ name: "f", input_schema: { properties: { model: { type: "string" } } } }],
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

for (const request of ACCEPTED) {
  Deno.test(`accepts ${JSON.stringify(request).slice(0, 100)}`, () => {
    check(request, { ALLOWED_MODELS: "good/*" });
  });
}

Deno.test("adds OPENROUTER_CHAT_MODEL, or the gateway's model, when a chat names no model", () => {
  const rows: [values: Record<string, string>, model: string][] = [
    [{}, "openai/gpt-4o-mini"],
    [{ OPENROUTER_CHAT_MODEL: "good/x" }, "good/x"],
    [{ AI_GATEWAY: "pinme" }, "openai/gpt-4o-mini"],
    [{ AI_GATEWAY: "pinata" }, "anthropic/claude-sonnet-4-6"],
    [{ AI_GATEWAY: "pinata", OPENROUTER_CHAT_MODEL: "good/x" }, "good/x"],
  ];
  for (const [values, model] of rows) {
    for (const path of [CHAT, "/messages", "/responses"]) {
      for (const request of [{}, { model: undefined }, { model: null, models: null }]) {
        assertEquals(withModel(path, request, settingsOf(values)).model, model);
      }
      const fallbacks = { models: ["good/y"] };
      assertEquals(withModel(path, fallbacks, settingsOf(values)), fallbacks);
    }
  }
});

for (
  const request of [{}, { model: "" }, { models: [] }, { model: null, models: [] }, { model: 5 }]
) {
  Deno.test(`rejects ${JSON.stringify(request)}: the account's default model must not answer`, () => {
    const path = Object.keys(request).length > 0 ? CHAT : "/embeddings";
    const error = assertThrows(() => withModel(path, request, settingsOf({})), ApiError);
    assertEquals([error.status, error.code], [400, "AI_INVALID_MODEL"]);
    assertMatch(error.message, /^"models?" must name a model$/);
  });
}

Deno.test("rejects more than 100 fallback models, whose prices the ledger would look up", () => {
  const settings = createSettings({ get: () => undefined });
  const toRequest = (count: number) => ({ models: Array.from({ length: count }, () => "a/b") });
  assertEquals(withModel(CHAT, toRequest(100), settings), toRequest(100));
  assertThrows(
    () => withModel(CHAT, toRequest(101), settings),
    ApiError,
    '"models" must have at most 100 models',
  );
});

Deno.test("the message lists the allowed models", () => {
  const { message } = reject({ models: ["good/x", "evil/x"] }, {
    ALLOWED_MODELS: "good/*,*:free",
  });
  assertEquals(message, '"models[1]" must be an allowed model: good/*, *:free');
});

Deno.test("the message is short when the name of the field is long", () => {
  const { message } = reject({ ["x".repeat(5_000)]: { model: "evil/x" } }, { ALLOWED_MODELS: "m" });
  assertEquals(message.length < 300, true);
});

Deno.test("returns 500 that names both settings when a default model is not allowed", () => {
  const values = { ALLOWED_MODELS: "good/*", OPENROUTER_IMAGE_MODEL: "evil/draws" };
  for (
    const [setting, model] of [
      ["OPENROUTER_CHAT_MODEL", "openai/gpt-4o-mini"],
      ["OPENROUTER_EMBEDDING_MODEL", "openai/text-embedding-3-small"],
      ["OPENROUTER_IMAGE_MODEL", "evil/draws"],
    ]
  ) {
    const error = reject({ model }, values);
    assertEquals([error.status, error.code], [500, "INTERNAL_ERROR"]);
    assertMatch(error.message, new RegExp(`${setting} must name a model that ALLOWED_MODELS`));
  }
});

Deno.test("a router must be listed by its name or by a pattern that begins with openrouter/", () => {
  const model = "openrouter/auto";
  for (const list of ["good/*", "*/auto", "open*"]) {
    assertEquals(reject({ model }, { ALLOWED_MODELS: list }).code, "AI_INVALID_MODEL");
  }
  for (const list of ["good/*,openrouter/auto", "openrouter/*"]) {
    check({ model, models: [model] }, { ALLOWED_MODELS: list });
  }
});

/** Models that mean a web search, and whether the settings allow it. */
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
  Deno.test(`${JSON.stringify(values)} ${isAllowed ? "allows" : "rejects"} ${model}`, () => {
    for (const request of [{ model }, { models: ["good/x", model] }]) {
      if (isAllowed) check(request, values);
      else assertEquals(reject(request, values).code, "INVALID_INPUT");
    }
  });
}

Deno.test("checks many objects under a long name in linear time", { timeout: 60_000 }, () => {
  const objects = Array.from({ length: 40_000 }, () => ({ type: "function" }));
  check({ model: "m", ["x".repeat(3_000_000)]: objects }, { ALLOWED_MODELS: "m" });
});

function check(request: Fields, values: Record<string, string>): void {
  const copy = structuredClone(request);
  requireAllowedModels(request, settingsOf(values));
  assertEquals(request, copy, "the request is not changed");
}

function reject(request: Fields, values: Record<string, string>): ApiError {
  return assertThrows(() => check(request, values), ApiError) as ApiError;
}

function settingsOf(values: Record<string, string>) {
  return createSettings({ get: (name) => values[name] });
}
