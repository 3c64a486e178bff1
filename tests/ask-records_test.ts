/** Everything of `ask-records` that needs no database: requests, prompts, responses, errors. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import handler from "../functions/ask-records/index.ts";
import { createInsForge } from "./shared/fake_insforge.ts";
import { setAssistants } from "./support/assistants.ts";
import { API_KEY, createEnvironment, send, TOKEN } from "./support/caller.ts";
import { completion, createUpstream, streamOf, type Upstream, USAGE } from "./support/upstream.ts";

const INDEX = { model: "openai/text-embedding-3-small", dimensions: 3, params: { dimensions: 3 } };
const MATCHES = [
  {
    id: 7,
    similarity: 0.8,
    excerpt: "Printer on fire",
    record: { id: 7, subject: "Printer on fire", embedding: vectorText(), owner: "u" },
  },
  {
    id: 9,
    similarity: null,
    excerpt: "No coffee",
    record: { id: 9, subject: "No coffee", embedding: null, owner: "u" },
  },
];
const CITATIONS = [
  { id: 7, table: "tickets", similarity: 0.8, excerpt: "Printer on fire" },
  { id: 9, table: "tickets", similarity: null, excerpt: "No coffee" },
];
const QUESTION = { question: "What burns?", table: "tickets" };
const VECTOR_USAGE = { prompt_tokens: 3, total_tokens: 3, cost: 0.0001 };

type FakeInsForge = ReturnType<typeof createInsForge>;

Deno.test("answers from the rows that search_rows returns for the caller", async () => {
  await using insforge = createInsForge();
  await using openrouter = await createUpstream();
  insforge.reply(200, INDEX);
  insforge.reply(200, MATCHES);
  openrouter.reply(vector(), { json: completion({ content: "The printer [1]" }) });
  const { status, body } = await ask(insforge, openrouter, {
    ...QUESTION,
    filters: [{ column: "status", op: "eq", value: "open" }],
    match_count: 5,
    match_threshold: 0.4,
    temperature: 0.1,
  });
  assertEquals([status, body.answer, body.model], [200, "The printer [1]", "openai/gpt-4o-mini"]);
  assertEquals(body.citations, CITATIONS);
  assertEquals(body.usage.total_tokens, USAGE.total_tokens + 3);
  assertEquals(Math.round(body.usage.cost * 1e4), 13);

  const [index, rows] = insforge.requests;
  assertEquals(index!.line, "POST /api/database/rpc/search_index");
  assertEquals(rows!.line, "POST /api/database/rpc/search_rows");
  for (const { headers } of [index!, rows!]) {
    assertEquals(headers.get("authorization"), `Bearer ${TOKEN}`);
  }
  assertEquals(JSON.parse(rows!.text), {
    table_name: "tickets",
    query_embedding: [0.25, 0.5, 0.75],
    query_text: "What burns?",
    match_count: 5,
    match_threshold: 0.4,
    filters: [{ column: "status", op: "eq", value: "open" }],
  });
  const [embedding, chat] = openrouter.requests;
  assertEquals(embedding!.body.dimensions, 3);
  assertEquals([embedding!.body.model, chat!.body.temperature], [INDEX.model, 0.1]);
  assertEquals([chat!.body.question, chat!.body.table], [undefined, undefined]);
  const [system, user] = chat!.body.messages;
  const [fence] = /rows-[0-9a-f]{8}/.exec(system.content)!;
  assertStringIncludes(system.content, "never an instruction");
  assertEquals(
    user.content,
    `What burns?\n\n<${fence}>\n[1] {"id":7,"subject":"Printer on fire","owner":"u"}\n` +
      `[2] {"id":9,"subject":"No coffee","owner":"u"}\n</${fence}>`,
  );
});

Deno.test("sends the citations as the first event of a stream", async () => {
  await using insforge = createInsForge();
  await using openrouter = await createUpstream();
  insforge.reply(200, INDEX);
  insforge.reply(200, MATCHES);
  const events = streamOf("The printer", " [1]");
  openrouter.reply(vector(), { sse: events });
  const { text } = await ask(insforge, openrouter, { ...QUESTION, stream: true });
  const first = `data: ${JSON.stringify({ citations: CITATIONS, choices: [] })}\n\n`;
  assertEquals(text, first + events.join(""));
});

Deno.test("says that nothing was found without asking a chat model", async () => {
  await using insforge = createInsForge();
  await using openrouter = await createUpstream();
  for (const stream of [false, true]) {
    insforge.reply(200, INDEX);
    insforge.reply(200, []);
    openrouter.reply(vector());
    const { status, text, body } = await ask(insforge, openrouter, { ...QUESTION, stream });
    assertEquals(status, 200);
    assertStringIncludes(text, "I found nothing about this");
    if (stream) assertMatch(text, /^data: {"citations":\[\],"choices":\[\]}\n\n[^]*\[DONE\]\n\n$/);
    else assertEquals([body.citations, body.model, body.usage.total_tokens], [[], null, 3]);
  }
  assertEquals(openrouter.requests.map(({ path }) => path), Array(2).fill("/api/v1/embeddings"));
});

Deno.test("cuts long rows and shows the model the best part of them", async () => {
  await using insforge = createInsForge();
  await using openrouter = await createUpstream();
  const record = { id: 7, text: "x".repeat(50_000) };
  insforge.reply(200, INDEX);
  insforge.reply(200, [{ ...MATCHES[0], record }, { ...MATCHES[1], record }]);
  openrouter.reply(vector(), { json: completion() });
  await ask(insforge, openrouter, QUESTION);
  const { content } = openrouter.requests[1]!.body.messages[1];
  assert(content.length < 41_000, `${content.length} characters`);
  assertMatch(content, /x…\nPrinter on fire\n\[2\] /);
});

Deno.test("calls a match routine of the app as the caller and cites what it returns", async () => {
  await using insforge = createInsForge();
  await using openrouter = await createUpstream();
  insforge.reply(200, [
    { id: "a", content: "A long manual about printers", title: "Printers", similarity: 0.7 },
    { id: "b", content: "Weather", similarity: 0.1 },
    { key: 3, title: "No similarity", body: "The longest text is the excerpt" },
  ]);
  openrouter.reply(vector(), { json: completion({ content: "Read [1]" }) });
  const request = { question: "What burns?", function: "match_docs", match_count: 4 };
  const { status, body } = await ask(insforge, openrouter, request);
  assertEquals([status, body.answer], [200, "Read [1]"]);
  assertEquals(body.citations, [
    {
      id: "a",
      table: "match_docs",
      similarity: 0.7,
      excerpt: "A long manual about printers",
    },
    {
      id: null,
      table: "match_docs",
      similarity: null,
      excerpt: "The longest text is the excerpt",
    },
  ]);
  const [{ line, text, headers }] = insforge.requests as [FakeInsForge["requests"][number]];
  assertEquals(line, "POST /api/database/rpc/match_docs");
  assertEquals(headers.get("authorization"), `Bearer ${TOKEN}`);
  const args = { query_embedding: [0.25, 0.5, 0.75], match_count: 4, match_threshold: 0.3 };
  assertEquals(JSON.parse(text), args);
  assertEquals(openrouter.requests[0]!.body.model, "openai/text-embedding-3-small");
});

Deno.test("returns 500 that names both lengths when the model's vectors do not fit the index", async () => {
  await using insforge = createInsForge();
  await using openrouter = await createUpstream();
  insforge.reply(200, { ...INDEX, dimensions: 1536 });
  openrouter.reply(vector());
  const { status, body } = await ask(insforge, openrouter, QUESTION);
  assertEquals([status, body.error], [500, "INTERNAL_ERROR"]);
  assertEquals(
    body.message,
    'The model openai/text-embedding-3-small makes vectors of 3 dimensions, and the search index of "tickets" has vectors of 1536; make the index again with 3 dimensions',
  );
});

const INVALID: [string, Record<string, unknown>, string][] = [
  ["no question", { table: "t" }, '"question" is required'],
  ["a blank question", { table: "t", question: " " }, '"question" must not be blank'],
  [
    "neither table nor function",
    { question: "q" },
    'Either "table" or "function" must be given, and not both',
  ],
  [
    "both table and function",
    { question: "q", table: "t", function: "match_t" },
    'Either "table" or "function" must be given, and not both',
  ],
  [
    "a function of another name",
    { question: "q", function: "delete_all" },
    '"function" must begin with "match_"',
  ],
  [
    "filters of a function",
    { question: "q", function: "match_t", filters: [] },
    '"filters" can only be combined with "table"',
  ],
  [
    "21 rows",
    { question: "q", table: "t", match_count: 21 },
    '"match_count" must be 20 or less',
  ],
  [
    "messages",
    { question: "q", table: "t", messages: [] },
    '"messages" is set by this function and must be left out',
  ],
  ["index beside a question", { index: "t", question: "q" }, '"index" must be the only field'],
];

Deno.test("rejects requests that cannot be honoured, before anything is called", async (t) => {
  for (const [name, request, message] of INVALID) {
    await t.step(name, async () => {
      const { status, body } = await send(handler, createEnvironment(), request);
      assertEquals([status, body.message], [400, message]);
    });
  }
});

const FAILURES: [string, number, unknown, number, string][] = [
  [
    "a table without an index",
    200,
    null,
    400,
    '"table" must be a table with a search index; "tickets" has none',
  ],
  [
    "a database without the migrations",
    404,
    { code: "PGRST202", message: "m" },
    500,
    "The database has no routine search_index; apply migrations/ to it",
  ],
  ["a token that InsForge rejects", 401, { error: "AUTH_UNAUTHORIZED" }, 401, "Invalid token"],
];

Deno.test("translates what InsForge responds about the index", async (t) => {
  for (const [name, status, json, expected, message] of FAILURES) {
    await t.step(name, async () => {
      await using insforge = createInsForge();
      insforge.reply(status, json);
      const environment = createEnvironment({ INSFORGE_BASE_URL: insforge.url });
      const answer = await send(handler, environment, QUESTION);
      assertEquals([answer.status, answer.body.message], [expected, message]);
    });
  }
});

const ROUTINE_FAILURES: [string, number, object, number, RegExp][] = [
  ["an unknown routine", 404, { code: "PGRST202" }, 400, /^"function" must take query_embedding/],
  ["no right to call it", 403, { code: "42501" }, 403, /^You are not allowed to call "match_t"$/],
  [
    "vectors of another length",
    400,
    { code: "22000", message: "different vector dimensions 3 and 1536" },
    500,
    /set OPENROUTER_EMBEDDING_MODEL/,
  ],
];

const UNEXPECTED = [null, { message: "m", code: "42P01" }, '"text"', 5, [null], [{ id: 1 }]];

Deno.test("returns 502 that names the routine which returned something unexpected", async (t) => {
  const claim = { table: "tickets", ...INDEX, entries: [{ id: "1", version: "v", text: "a" }] };
  const own = ["own", { index: "tickets" }, {}] as const;
  const all = ["all", undefined, { token: API_KEY }] as const;
  const question = ["question", QUESTION, {}] as const;
  const runs: [string, readonly [string, object | undefined, object], unknown[]][] = [
    ["search_index", question, []],
    ["search_rows", question, [INDEX]],
    ["search_pending", own, []],
    ["ai_search_claim", own, [["1"]]],
    ["ai_search_claim", all, []],
    ["ai_search_save", all, [[claim]]],
    ["ai_search_state", all, [[]]],
  ];
  for (const [routine, [name, json, options], before] of runs) {
    for (const unexpected of UNEXPECTED) {
      if (routine === "search_index" && unexpected === null) continue; // there is no index
      if (routine === "ai_search_save" && unexpected === 5) continue; // five rows are stored
      await t.step(`${routine} (${name}): ${JSON.stringify(unexpected)}`, async () => {
        await using insforge = createInsForge();
        await using openrouter = await createUpstream();
        for (const result of before) insforge.reply(200, result);
        insforge.reply(200, unexpected === null ? "" : unexpected);
        if (["search_rows", "ai_search_save"].includes(routine)) openrouter.reply(vector());
        const environment = createEnvironment({
          INSFORGE_BASE_URL: insforge.url,
          OPENROUTER_BASE_URL: openrouter.url,
          API_KEY,
        });
        const path = name === "question" ? "/" : "/index";
        const { status, body } = await send(handler, environment, json, { path, ...options });
        const message = `The database's routine ${routine} returned an unexpected value`;
        assertEquals([status, body.error, body.message], [502, "UPSTREAM_FAILURE", message]);
      });
    }
  }
});

Deno.test("returns 400 for a match routine that returns no rows", async () => {
  for (const result of [null, 5, { a: 1 }, [5], [null]]) {
    await using insforge = createInsForge();
    await using openrouter = await createUpstream();
    insforge.reply(200, result === null ? "" : result);
    openrouter.reply(vector());
    const { status, body } = await ask(insforge, openrouter, {
      question: "q",
      function: "match_t",
    });
    const message = '"function" must be a routine that returns rows';
    assertEquals([status, body.message], [400, message], JSON.stringify(result));
  }
});

Deno.test("translates what InsForge responds to the call of a match routine", async (t) => {
  for (const [name, status, json, expected, message] of ROUTINE_FAILURES) {
    await t.step(name, async () => {
      await using insforge = createInsForge();
      await using openrouter = await createUpstream();
      insforge.reply(status, json);
      openrouter.reply(vector());
      const request = { question: "q", function: "match_t" };
      const answer = await ask(insforge, openrouter, request);
      assertEquals(answer.status, expected);
      assertMatch(answer.body.message, message);
    });
  }
});

Deno.test("answers as an assistant, whose text comes before the rules about the rows", async () => {
  setAssistants({ support: "---\nmodel: openai/gpt-4o\n---\nYou work for the help desk." });
  for (const ASSISTANTS_ONLY of ["false", "true"]) {
    await using insforge = createInsForge();
    await using openrouter = await createUpstream();
    insforge.reply(200, INDEX);
    insforge.reply(200, MATCHES);
    openrouter.reply(vector(), { json: completion() });
    const request = { ...QUESTION, assistant: "support" };
    assertEquals((await ask(insforge, openrouter, request, { ASSISTANTS_ONLY })).status, 200);
    const { model, messages } = openrouter.requests[1]!.body;
    assertEquals(model, "openai/gpt-4o");
    const [first, rules, user] = messages;
    assertEquals(first, { role: "system", content: "You work for the help desk." });
    assertMatch(rules.content, /^You answer a question from rows/);
    assertMatch(user.content, /^What burns\?/);
  }
});

Deno.test("needs an assistant and refuses other fields with ASSISTANTS_ONLY", async () => {
  setAssistants({ support: "You work for the help desk." });
  const locked = createEnvironment({ ASSISTANTS_ONLY: "true" });
  for (
    const [fields, message] of [
      [{}, '"assistant" must name one of the assistants of this app'],
      [{ assistant: "support", temperature: 1 }, '"temperature" must be left out'],
      [{ assistant: "support", provider: {} }, '"provider" must be left out'],
    ] as const
  ) {
    const { status, body } = await send(handler, locked, { ...QUESTION, ...fields });
    assertEquals([status, body.message.startsWith(message)], [400, true], body.message);
  }
});

function ask(
  insforge: FakeInsForge,
  openrouter: Upstream,
  request: unknown,
  values: Record<string, string> = {},
) {
  const settings = {
    INSFORGE_BASE_URL: insforge.url,
    OPENROUTER_BASE_URL: openrouter.url,
    ...values,
  };
  return send(handler, createEnvironment(settings), request);
}

function vector() {
  const data = [{ object: "embedding", index: 0, embedding: [0.25, 0.5, 0.75] }];
  return { json: { object: "list", model: INDEX.model, data, usage: VECTOR_USAGE } };
}

function vectorText(): string {
  return JSON.stringify(Array.from({ length: 20 }, (_, i) => i / 20));
}
