import { assertEquals, assertThrows } from "@std/assert";
import type { Fields } from "../../../shared/fields.ts";
import { ApiError } from "../../../shared/errors.ts";
import { createSettings } from "../../../shared/settings.ts";
import { applyToolPolicy } from "../../../shared/policy/tools.ts";

/** Tools and plugins, and what is sent for them when every one is allowed. */
const SENT: [given: Fields, sent?: Fields][] = [
  [tool("openrouter:web_search"), tool("openrouter:web_search", search({}))],
  [tool("openrouter:web_search", {}), tool("openrouter:web_search", search({}))],
  [
    tool("openrouter:web_search", { max_results: 25 }),
    tool("openrouter:web_search", search({ max_results: 25 })),
  ],
  [
    tool("openrouter:web_search", { max_total_results: 50, engine: "exa" }),
    tool("openrouter:web_search", search({ max_total_results: 50, engine: "exa" })),
  ],
  [{ tools: [{ type: "web_search" }] }, shortSearch("web_search")],
  [{ tools: [{ type: "web_search_preview" }] }, shortSearch("web_search_preview")],
  [
    { tools: [{ type: "web_search_2025_08_26", max_uses: 1, search_context_size: "low" }] },
    shortSearch("web_search_2025_08_26", { max_uses: 1, search_context_size: "low" }),
  ],
  [
    tool("web_search_preview_2025_03_11", { engine: "exa" }),
    tool("web_search_preview_2025_03_11", { max_results: 5, max_uses: 2, engine: "exa" }),
  ],
  [tool("openrouter:advisor"), tool("openrouter:advisor", { max_completion_tokens: 16384 })],
  [
    tool("openrouter:subagent", { model: "a/b", tools: [{ type: "openrouter:web_search" }] }),
    tool("openrouter:subagent", {
      max_completion_tokens: 16384,
      model: "a/b",
      tools: [{ type: "openrouter:web_search", parameters: search({}) }],
    }),
  ],
  [
    { plugins: [{ id: "fusion", tools: [{ type: "openrouter:web_search" }] }] },
    { plugins: [{ id: "fusion", ...tool("openrouter:web_search", search({})) }] },
  ],
  [
    tool("openrouter:web_search", { max_results: null }),
    tool("openrouter:web_search", search({})),
  ],
  [{ tools: [{ type: "web_search_20250305", name: "web_search" }] }, {
    tools: [{ type: "web_search_20250305", name: "web_search", max_uses: 2 }],
  }],
  [{ tools: [{ name: "f", input_schema: { type: "object" }, max_results: 99 }] }],
  [tool("openrouter:datetime")],
  [tool("openrouter:datetime", { timezone: "UTC" })],
  [tool("openrouter:image_generation", { model: "a/b", quality: "low" })],
  [tool("tool_of_tomorrow", { max_results: 99 })],
  [{ tools: [{ type: "function", function: { name: "f" }, parameters: { max_results: 99 } }] }],
  [{ tools: [{ type: "function", name: "f", parameters: null }] }],
  [{ tools: [{ type: "mcp", server_label: "x", headers: null }] }],
  [
    { input: ["x", { type: "additional_tools", tools: [{ type: "openrouter:web_search" }] }] },
    {
      input: [
        "x",
        {
          type: "additional_tools",
          tools: [{ type: "openrouter:web_search", parameters: search({}) }],
        },
      ],
    },
  ],
  [{ input: [{ type: "mcp_list_tools", tools: [{ name: "x" }] }, { content: [{ tools: 5 }] }] }],
  [{ tools: [], plugins: [] }],
  [{ tools: null, plugins: null }],
  [{ plugins: [{ id: "web" }, { id: "file-parser", pdf: { engine: "mistral-ocr" } }] }],
  [{ plugins: [{ id: "web", max_results: 2.5 }, { id: "of-tomorrow" }] }],
  [{ tool_choice: "auto", web_search_options: {} }],
];

for (const [given, sent = given] of SENT) {
  Deno.test(`sends within bounds: ${JSON.stringify(given).slice(0, 100)}`, () => {
    const copy = structuredClone(given);
    assertEquals(applyToolPolicy(given, settingsOf({})), sent);
    assertEquals(given, copy);
  });
}

/** Options that are out of bounds, and how the message begins. */
const OUT_OF_BOUNDS: [given: Fields, message: string][] = [
  [{ tools: {} }, '"tools" must be an array'],
  [{ tools: [null] }, '"tools[0].type" is required'],
  [{ tools: [{ type: 5 }] }, '"tools[0].type" is required'],
  [{ plugins: { id: "web" } }, '"plugins" must be an array'],
  [{ plugins: ["web"] }, '"plugins[0].id" is required'],
  [tool("openrouter:web_search", "many"), '"tools[0].parameters" must be an object'],
  [tool("openrouter:web_search", []), '"tools[0].parameters" must be an object'],
  ...[0, 26, "5"].map((max_results): [Fields, string] => [
    tool("openrouter:web_search", { max_results }),
    '"tools[0].parameters.max_results" must be a number from 1 to 25',
  ]),
  [
    tool("openrouter:web_search", { max_total_results: 51 }),
    '"tools[0].parameters.max_total_results" must be a number from 1 to 50',
  ],
  [
    { tools: [{ type: "web_search", max_uses: 11 }] },
    '"tools[0].max_uses" must be a number from 1 to 10',
  ],
  [
    { tools: [{ type: "web_search", max_results: 26, parameters: {} }] },
    '"tools[0].max_results" must be a number from 1 to 25',
  ],
  [{ input: [{ tools: "web_search" }] }, '"input[0].tools" must be an array'],
  [
    tool("web_search", { max_results: 26 }),
    '"tools[0].parameters.max_results" must be a number from 1 to 25',
  ],
  [
    { plugins: [{ id: "web", max_results: 26 }] },
    '"plugins[0].max_results" must be a number from 1 to 25',
  ],
  [
    tool("openrouter:advisor", { max_completion_tokens: 16385 }),
    '"tools[0].parameters.max_completion_tokens" must be 16384 or less',
  ],
  [
    tool("openrouter:fusion", { reasoning: { max_tokens: 16385 } }),
    '"tools[0].parameters.reasoning.max_tokens" must be 16384 or less',
  ],
  [
    { plugins: [{ id: "fusion", tools: [{ type: "web_search", max_results: 26 }] }] },
    '"plugins[0].tools[0].max_results" must be a number from 1 to 25',
  ],
];

for (const [given, message] of OUT_OF_BOUNDS) {
  Deno.test(`rejects what is out of bounds: ${JSON.stringify(given).slice(0, 100)}`, () => {
    assertRejected(given, {}, message);
  });
}

const NO_TOOLS = { ALLOWED_SERVER_TOOLS: "none" };
const NO_PLUGINS = { ALLOWED_PLUGINS: "none" };
const NO_TOOL_ALLOWED = "needs a server tool that is not allowed; allowed server tools: none";
const NO_PLUGIN_ALLOWED = "needs a plugin that is not allowed; allowed plugins: none";
const DATETIME = { ALLOWED_SERVER_TOOLS: "datetime,openrouter:web_f*" };

/** Tools and plugins that the lists do not allow, and how the message begins. */
const REJECTED: [values: Record<string, string>, given: Fields, message: string][] = [
  ...[
    "openrouter:web_search",
    "web_search",
    "web_search_preview",
    "web_search_preview_2025_03_11",
    "web_search_2025_08_26",
    "openrouter:WEB_SEARCH",
    " openrouter:datetime",
    "image_generation",
  ].map((type): [Record<string, string>, Fields, string] => [
    DATETIME,
    tool(type),
    '"tools[0].type" needs a server tool that is not allowed; allowed server tools: datetime, ' +
    "openrouter:web_f*",
  ]),
  [NO_TOOLS, tool("openrouter:datetime"), `"tools[0].type" ${NO_TOOL_ALLOWED}`],
  [
    NO_TOOLS,
    { input: [{ content: "x" }, { type: "additional_tools", tools: [{ type: "web_search" }] }] },
    `"input[1].tools[0].type" ${NO_TOOL_ALLOWED}`,
  ],
  [NO_TOOLS, { web_search_options: {} }, `"web_search_options" ${NO_TOOL_ALLOWED}`],
  [
    NO_TOOLS,
    { tool_choice: { type: "openrouter:web_search" } },
    `"tool_choice" ${NO_TOOL_ALLOWED}`,
  ],
  [NO_TOOLS, { plugins: [{ id: "web" }] }, `"plugins[0].id" ${NO_TOOL_ALLOWED}`],
  [NO_TOOLS, { plugins: [{ id: "web-fetch" }] }, `"plugins[0].id" ${NO_TOOL_ALLOWED}`],
  [
    NO_TOOLS,
    { plugins: [{ id: "web-fetch", enabled: false }] },
    `"plugins[0].id" ${NO_TOOL_ALLOWED}`,
  ],
  [NO_TOOLS, { plugins: [{ id: "fusion", tools: [] }] }, `"plugins[0].id" ${NO_TOOL_ALLOWED}`],
  [
    { ALLOWED_SERVER_TOOLS: "fusion" },
    { plugins: [{ id: "fusion" }] },
    '"plugins[0].id" needs a server tool that is not allowed; allowed server tools: fusion',
  ],
  [
    { ALLOWED_SERVER_TOOLS: "fusion,web_fetch" },
    tool("openrouter:fusion", { tools: [] }),
    '"tools[0].type" needs a server tool that is not allowed; allowed server tools: fusion, web_f',
  ],
  [
    { ALLOWED_SERVER_TOOLS: "subagent" },
    tool("openrouter:subagent", { tools: [{ type: "web_search" }] }),
    '"tools[0].parameters.tools[0].type" needs a server tool that is not allowed; ',
  ],
  [
    { ALLOWED_SERVER_TOOLS: "advisor" },
    tool("advisor", { tools: [{ type: "web_search" }] }),
    '"tools[0].parameters.tools[0].type" needs a server tool that is not allowed; ',
  ],
  [
    NO_TOOLS,
    { tools: [{ type: "namespace", tools: [{ type: "custom" }, { type: "bash" }] }] },
    `"tools[0].tools[1].type" ${NO_TOOL_ALLOWED}`,
  ],
  [
    NO_TOOLS,
    { tools: [{ type: "openrouter:namespace", tools: [{ type: "bash" }] }] },
    `"tools[0].type" ${NO_TOOL_ALLOWED}`,
  ],
  [NO_PLUGINS, { plugins: [{ id: "web" }] }, `"plugins[0].id" ${NO_PLUGIN_ALLOWED}`],
  [
    { ALLOWED_PLUGINS: "response-healing" },
    { plugins: [{ id: "response-healing" }, { id: "moderation", enabled: true }] },
    '"plugins[1].id" needs a plugin that is not allowed; allowed plugins: response-healing',
  ],
  [
    NO_PLUGINS,
    { plugins: [{ id: "web", enabled: "false" }] },
    `"plugins[0].id" ${NO_PLUGIN_ALLOWED}`,
  ],
  [
    NO_PLUGINS,
    { plugins: [{ id: "moderation", enabled: false }] },
    `"plugins[0].id" ${NO_PLUGIN_ALLOWED}`,
  ],
  ...["constructor", "__proto__", "toString"].map((
    name,
  ): [Record<string, string>, Fields, string] => [
    { ...NO_TOOLS, ...NO_PLUGINS },
    { plugins: [{ id: name }], ...tool(name) },
    `"tools[0].type" ${NO_TOOL_ALLOWED}`,
  ]),
];

for (const [values, given, message] of REJECTED) {
  Deno.test(`${JSON.stringify(values)} rejects ${JSON.stringify(given).slice(0, 100)}`, () => {
    assertRejected(given, values, message);
  });
}

/** Tools and plugins that the lists allow. */
const ALLOWED: [values: Record<string, string>, given: Fields][] = [
  [DATETIME, tool("openrouter:datetime")],
  [DATETIME, tool("openrouter:web_fetch", { max_uses: 3 })],
  [DATETIME, { plugins: [{ id: "web-fetch" }] }],
  [NO_TOOLS, { tools: [{ type: "function", function: { name: "web_search" } }] }],
  [NO_TOOLS, { tools: [{ type: "custom", name: "x" }], tool_choice: { type: "custom" } }],
  [NO_TOOLS, { tool_choice: { type: "function", function: { name: "x" } } }],
  [NO_TOOLS, { tools: [{ type: "namespace", tools: [{ type: "function", name: "f" }] }] }],
  [NO_TOOLS, { plugins: [{ id: "file-parser" }] }],
  [NO_PLUGINS, { plugins: [{ id: "web", enabled: false }] }],
  [NO_PLUGINS, tool("openrouter:datetime")],
];

for (const [values, given] of ALLOWED) {
  Deno.test(`${JSON.stringify(values)} allows ${JSON.stringify(given).slice(0, 100)}`, () => {
    assertEquals(applyToolPolicy(given, settingsOf(values)), given);
  });
}

const LISTED = { ALLOWED_MODELS: "openai/*" };

/** Tools and plugins that may call models outside the list, and the field that the message names. */
const CALLING_MODELS: [given: Fields, field: string][] = [
  [tool("openrouter:image_generation", { model: "openai/x" }), "tools[0].type"],
  [{ tools: [{ type: "image_generation" }] }, "tools[0].type"],
  [
    { input: [{ type: "additional_tools", tools: [{ type: "openrouter:advisor" }] }] },
    "input[0].tools[0].type",
  ],
  [tool("openrouter:advisor", {}), "tools[0].type"],
  [tool("openrouter:fusion", { model: "openai/x", analysis_models: [] }), "tools[0].type"],
  [tool("openrouter:bash"), "tools[0].type"],
  [tool("openrouter:of_tomorrow"), "tools[0].type"],
  [tool("constructor"), "tools[0].type"],
  [{ tool_choice: { type: "image_generation" } }, "tool_choice"],
  [{ plugins: [{ id: "fusion" }] }, "plugins[0].id"],
  [{ plugins: [{ id: "auto-router", allowed_models: ["openai/*"] }] }, "plugins[0].id"],
  [{ plugins: [{ id: "pareto-router" }] }, "plugins[0].id"],
  [{ plugins: [{ id: "context-compression" }] }, "plugins[0].id"],
  [{ plugins: [{ id: "of-tomorrow" }] }, "plugins[0].id"],
  [{ plugins: [{ id: "__proto__" }] }, "plugins[0].id"],
];

for (const [given, field] of CALLING_MODELS) {
  Deno.test(`a list of models rejects ${JSON.stringify(given).slice(0, 100)}`, () => {
    const message = `"${field}" needs a ${
      field.startsWith("plugins") ? "plugin" : "server tool"
    } that may use models that are not allowed; allowed models: openai/*`;
    assertRejected(given, LISTED, message, "AI_INVALID_MODEL");
  });
}

Deno.test("a list of models allows the tools and plugins that never call a model", () => {
  const given = {
    tools: [{ type: "openrouter:web_fetch" }, { type: "openrouter:datetime" }],
    plugins: ["web", "web-fetch", "file-parser", "response-healing"].map((id) => ({ id })),
    web_search_options: {},
  };
  assertEquals(applyToolPolicy(given, settingsOf(LISTED)), given);
});

Deno.test("a list of models allows other tools and plugins by name, not by a pattern", () => {
  const given = {
    plugins: [{ id: "auto-router" }, { id: "fusion" }],
    ...tool("openrouter:of_tomorrow"),
  };
  const named = {
    ALLOWED_PLUGINS: "auto-router,fusion",
    ALLOWED_SERVER_TOOLS: "openrouter:of_tomorrow,web_*,fus*",
  };
  assertEquals(applyToolPolicy(given, settingsOf({ ...LISTED, ...named })), given);
  const patterns = { ALLOWED_PLUGINS: "*", ALLOWED_SERVER_TOOLS: "of_*" };
  assertRejected(
    given,
    { ...LISTED, ...patterns },
    '"tools[0].type" needs a server tool that may use models',
    "AI_INVALID_MODEL",
  );
});

const NATIVE = { id: "file-parser", pdf: { engine: "native" } };

Deno.test("leaves files to the model when the plugin that parses them is not allowed", () => {
  const file = { type: "file", file: { file_data: "https://files.example/1.pdf" } };
  for (
    const given of [
      { messages: ["x", { content: "x" }, { content: [{ type: "text", text: "x" }, file] }] },
      { input: [{ content: [{ type: "input_file", file_url: "https://files.example/1.pdf" }] }] },
      { input: [{ type: "function_call_output", output: [{ type: "input_file", file_id: "1" }] }] },
    ] as Fields[]
  ) {
    for (const values of [NO_PLUGINS, { ALLOWED_PLUGINS: "response-healing" }]) {
      assertEquals(applyToolPolicy(given, settingsOf(values)), { ...given, plugins: [NATIVE] });
    }
    const plugins = [{ id: "response-healing" }];
    const healing = settingsOf({ ALLOWED_PLUGINS: "response-*" });
    assertEquals(applyToolPolicy({ ...given, plugins }, healing).plugins, [...plugins, NATIVE]);
    for (const none of [null, "", 0, false]) {
      assertEquals(applyToolPolicy({ ...given, plugins: none }, settingsOf(NO_PLUGINS)).plugins, [
        NATIVE,
      ]);
    }
    const off = { id: "file-parser", enabled: false, pdf: { engine: "mistral-ocr" } };
    assertEquals(applyToolPolicy({ ...given, plugins: [off] }, settingsOf(NO_PLUGINS)), {
      ...given,
      plugins: [NATIVE],
    });
    for (
      const values of [{}, { ALLOWED_PLUGINS: "file-parser" }, {
        ...NO_PLUGINS,
        AI_GATEWAY: "pinata",
      }]
    ) {
      assertEquals(applyToolPolicy(given, settingsOf(values as Record<string, string>)), given);
    }
  }
  const plain = { messages: [{ content: [{ type: "text", text: "x" }, null] }, null], input: "x" };
  assertEquals(applyToolPolicy(plain, settingsOf(NO_PLUGINS)), plain);
});

function tool(type: string, parameters?: unknown): Fields {
  return { tools: [{ type, ...(parameters === undefined ? {} : { parameters }) }] };
}

function search(parameters: Fields): Fields {
  return { max_results: 5, max_total_results: 10, ...parameters };
}

function shortSearch(type: string, options: Fields = {}): Fields {
  return { tools: [{ max_results: 5, max_uses: 2, type, ...options }] };
}

function settingsOf(values: Record<string, string>) {
  return createSettings({ get: (name) => values[name] });
}

function assertRejected(
  given: Fields,
  values: Record<string, string>,
  message: string,
  code = "INVALID_INPUT",
): void {
  const error = assertThrows(() => applyToolPolicy(given, settingsOf(values)), ApiError);
  assertEquals([error.status, error.code], [400, code]);
  assertEquals(error.message.slice(0, message.length), message);
}
