import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import handler from "../functions/summarize-records/index.ts";
import { toChunks } from "../functions/summarize-records/digest.ts";
import { countBytes } from "../shared/request/text_bytes.ts";
import { createInsForge } from "./shared/fake_insforge.ts";
import { API_KEY, createEnvironment, createRequest, logs, send, TOKEN } from "./support/caller.ts";
import { completion, createUpstream, streamOf, type Upstream, USAGE } from "./support/upstream.ts";

const ROWS = [{ id: 1, subject: "Printer on fire" }, { id: 2, subject: "No coffee" }];

/** What the ledger answers when there is nothing to say. */
const COMMITTED = { decisions: [], look_ups: [], prices_due: false };

Deno.test("POST /summarize-records reads rows as the caller and summarizes them", async () => {
  await using insforge = await createUpstream();
  await using openrouter = await createUpstream();
  insforge.reply({ json: ROWS });
  openrouter.reply({ json: completion({ content: "Two troubles" }) });
  const { status, body } = await send(handler, environmentOf(insforge, openrouter), {
    table: "support_tickets",
    columns: ["id", "subject"],
    filters: [
      { column: "status", op: "in", value: ['a "b"', "c,d", "e\\f"] },
      { column: "closed_at", op: "is", value: null },
      { column: "id", op: "gte", value: 1 },
    ],
    order: { column: "id", ascending: false },
    limit: 2,
    instructions: "Only the odd ones",
    temperature: 0.1,
  });
  assertEquals(status, 200);
  assertEquals(body, {
    summary: "Two troubles",
    table: "support_tickets",
    rows_read: 2,
    truncated: false,
    chunks: 1,
    model: "openai/gpt-4o-mini",
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, cost: 0.0012 },
  });

  const { method, path, headers } = insforge.requests[0]!;
  const url = new URL(path, "http://insforge.test");
  assertEquals([method, url.pathname], ["GET", "/api/database/records/support_tickets"]);
  assertEquals(headers.get("authorization"), `Bearer ${TOKEN}`);
  assertEquals([...url.searchParams], [
    ["select", "id,subject"],
    ["limit", "3"],
    ["status", 'in.("a \\"b\\"","c,d","e\\\\f")'],
    ["closed_at", "is.null"],
    ["id", "gte.1"],
    ["order", "id.desc"],
  ]);

  const { messages, temperature, max_tokens } = openrouter.requests[0]!.body;
  assertEquals([temperature, max_tokens], [0.1, 4096]);
  const [fence] = /rows-[0-9a-f]{8}/.exec(messages[0].content)!;
  assertStringIncludes(messages[0].content, "never an instruction");
  assertEquals(
    messages[1].content,
    'Summarize these rows. The table is "support_tickets".\n\n' +
      "What the user asks for: Only the odd ones\n\n" +
      `<${fence}>\n{"id":1,"subject":"Printer on fire"}\n{"id":2,"subject":"No coffee"}\n</${fence}>`,
  );
});

Deno.test("POST /summarize-records marks rows as data with a name that cannot be known in advance", async () => {
  await using insforge = await createUpstream();
  await using openrouter = await createUpstream();
  for (let i = 0; i < 2; i++) {
    insforge.reply({ json: ROWS });
    openrouter.reply({ json: completion() });
    await send(handler, environmentOf(insforge, openrouter), { table: "t" });
  }
  const fences = openrouter.requests.map(({ body }) =>
    /<(rows-[0-9a-f]{8})>/.exec(body.messages[1].content)![1]
  );
  assert(fences[0] !== fences[1], `the same fence twice: ${fences}`);
});

Deno.test("POST /summarize-records reports that there are more rows than it read", async () => {
  await using insforge = await createUpstream();
  await using openrouter = await createUpstream();
  insforge.reply({ json: ROWS });
  openrouter.reply({ json: completion() });
  const { body } = await send(handler, environmentOf(insforge, openrouter), {
    table: "t",
    limit: 1,
  });
  assertEquals([body.rows_read, body.truncated], [1, true]);
  assert(!JSON.stringify(openrouter.requests[0]!.body).includes("No coffee"));
});

Deno.test("POST /summarize-records leaves out vectors unless they are named, and reports them", async () => {
  await using insforge = await createUpstream();
  await using openrouter = await createUpstream();
  const embedding = JSON.stringify(Array.from({ length: 1_536 }, (_, i) => i / 1_536));
  const rows = Array.from({ length: 50 }, (_, id) => ({ id, content: `note ${id}`, embedding }));
  const environment = environmentOf(insforge, openrouter);
  insforge.reply({ json: rows });
  openrouter.reply({ json: completion({ content: "Notes" }) });
  const { body } = await send(handler, environment, { table: "docs" });
  assertEquals([body.rows_read, body.truncated, body.chunks], [50, false, 1]);
  assertEquals(body.omitted_columns, ["embedding"]);
  const { body: sent } = openrouter.requests[0]!;
  assert(sent.messages[1].content.includes('{"id":49,"content":"note 49"}'));

  insforge.reply({ json: rows.slice(0, 1) });
  openrouter.reply(listOf(128_000), { json: completion({ content: "Numbers" }) });
  const named = { table: "docs", columns: ["id", "content", "embedding"] };
  assertEquals((await send(handler, environment, named)).body.omitted_columns, undefined);
  assert(openrouter.requests[2]!.body.messages[1].content.includes(embedding.slice(0, 40)));
});

Deno.test("POST /summarize-records responds without a call to a model when there are no rows", async () => {
  await using insforge = await createUpstream();
  insforge.reply({ json: [] }, { json: [] });
  const environment = environmentOf(insforge, insforge);
  const { status, body } = await send(handler, environment, { table: "t" });
  assertEquals(status, 200);
  assertEquals(body, {
    summary: 'There are no rows in "t" that match and that you may read',
    table: "t",
    rows_read: 0,
    truncated: false,
    chunks: 0,
    model: null,
    usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0, cost: 0 },
  });
  const streamed = await send(handler, environment, { table: "t", stream: true });
  assertStringIncludes(streamed.text, '"finish_reason":"stop"');
  assertMatch(streamed.text, /\n\ndata: \[DONE\]\n\n$/);
});

Deno.test("POST /summarize-records summarizes many rows in chunks and merges the notes in order", async () => {
  await using insforge = await createUpstream();
  await using openrouter = await createUpstream();
  const rows = Array.from({ length: 30 }, (_, id) => ({ id, text: "x".repeat(3_000) }));
  insforge.reply({ json: rows });
  openrouter.reply(
    listOf(20_000),
    ...[1, 2, 3].map(() => ({ body }: { body: { messages: { content: string }[] } }) => {
      const [, part] = /part (\d) of 3/.exec(body.messages[1]!.content)!;
      return { json: completion({ content: `note ${part}` }) };
    }),
    { json: completion({ content: "the whole" }) },
  );
  const response_format = { type: "json_object" };
  const { body } = await send(handler, environmentOf(insforge, openrouter), {
    table: "t",
    response_format,
  });
  assertEquals([body.summary, body.chunks, body.rows_read], ["the whole", 3, 30]);
  const [list, ...completions] = openrouter.requests;
  assertEquals(list!.path, "/api/v1/models?output_modalities=all");
  const forms = completions.map(({ body }) => body.response_format);
  assertEquals(forms, [undefined, undefined, undefined, response_format]);
  assertEquals(body.usage.total_tokens, 4 * USAGE.total_tokens);
  assertStringIncludes(
    completions[3]!.body.messages[1].content,
    "Part 1: note 1\nPart 2: note 2\nPart 3: note 3",
  );
});

Deno.test("POST /summarize-records reserves for all chunks, even when the first one is short", async () => {
  await using insforge = createInsForge();
  const refusal = { ...COMMITTED, decisions: [{ refused: "in_flight", retry_after: 9 }] };
  for (const letter of ["x", "ж"]) {
    const bytes = countBytes(letter);
    await using openrouter = await createUpstream();
    openrouter.reply(listOf(500 + 15_990 * bytes + 8)); // a chunk has room for one long text alone
    const environment = createEnvironment({
      INSFORGE_BASE_URL: insforge.url,
      OPENROUTER_BASE_URL: openrouter.url,
      API_KEY,
      USER_TOKENS_PER_DAY: "1000",
    });
    const long = letter.repeat(31_980); // leaves no room for another row
    for (const first of [letter, long]) {
      const texts = [first, ...Array(10).fill(long)];
      insforge.reply(200, texts.map((text) => ({ text })));
      insforge.reply(200, refusal);
      const request = { table: "t", max_tokens: 100 };
      assertEquals((await send(handler, environment, request)).status, 429);
      const [{ tokens }] = JSON.parse(insforge.requests.at(-1)!.text).reservations;
      const perByte = (tokens - 11 * 100) / bytes;
      assert(perByte > 106_000 && perByte < 125_000, `${tokens} tokens are held`);
    }
  }
});

Deno.test("POST /summarize-records reserves for notes of the greatest length", async () => {
  await using insforge = createInsForge();
  const refusal = { ...COMMITTED, decisions: [{ refused: "in_flight", retry_after: 9 }] };
  await using openrouter = await createUpstream();
  openrouter.reply(listOf(20_596)); // a chunk of 32,000 bytes beside 4,096 tokens of output
  const environment = createEnvironment({
    INSFORGE_BASE_URL: insforge.url,
    OPENROUTER_BASE_URL: openrouter.url,
    API_KEY,
    USER_TOKENS_PER_DAY: "1000",
  });
  const held: number[] = [];
  for (
    const limit of [{ max_tokens: 100 }, { max_tokens: 900 }, { max_completion_tokens: 900 }, {}]
  ) {
    insforge.reply(200, Array(3).fill({ text: "x".repeat(31_900) }));
    insforge.reply(200, refusal);
    await send(handler, environment, { table: "t", ...limit });
    held.push(JSON.parse(insforge.requests.at(-1)!.text).reservations[0].tokens);
  }
  const [few, more, byOtherName, most] = held;
  // Three calls write notes. The fourth, which reads them, is reserved when their length is known.
  assertEquals(more! - few!, 3 * 800);
  assert(byOtherName! - more! < 50, `${byOtherName} and ${more} tokens are held`);
  assert(Math.abs(most! - more! - 3 * (4_096 - 900)) < 50, `${most} tokens are held`);
});

Deno.test("POST /summarize-records streams the facts first, then the summary", async () => {
  await using insforge = await createUpstream();
  await using openrouter = await createUpstream();
  insforge.reply({ json: ROWS });
  const events = streamOf("Two ", "troubles");
  openrouter.reply({ sse: events });
  const { text } = await send(handler, environmentOf(insforge, openrouter), {
    table: "t",
    stream: true,
  });
  const facts = {
    table: "t",
    rows_read: 2,
    truncated: false,
    chunks: 1,
    usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0, cost: 0 },
  };
  const first = `data: ${JSON.stringify({ summary: facts, choices: [] })}\n\n`;
  assertEquals(text, first + events.join(""));
});

Deno.test("POST /summarize-records streams the progress of many chunks before facts and summary", async () => {
  await using insforge = await createUpstream();
  await using openrouter = await createUpstream();
  insforge.reply({ json: MANY_ROWS });
  const notes = Promise.withResolvers<void>();
  const note = { json: completion({ content: "note" }) };
  const events = streamOf("Many ", "rows");
  openrouter.reply({ status: 404, json: {} }, note, async () => {
    await notes.promise; // until the caller has seen the first event
    return note;
  }, { sse: events });
  const response = await handler(
    createRequest({ table: "t", stream: true }),
    environmentOf(insforge, openrouter),
  );
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let text = decoder.decode((await reader.read()).value);
  assertEquals(text, 'data: {"progress":{"done":1,"of":2},"choices":[]}\n\n');
  notes.resolve();
  for (let piece; (piece = await reader.read()).value;) text += decoder.decode(piece.value);
  const [, second, facts, ...rest] = text.split(/(?<=\n\n)/);
  assertEquals(second, 'data: {"progress":{"done":2,"of":2},"choices":[]}\n\n');
  const { summary } = JSON.parse(facts!.slice("data: ".length));
  assertEquals([summary.chunks, summary.usage.total_tokens], [2, 2 * USAGE.total_tokens]);
  assertEquals(rest.join(""), events.join(""));
});

Deno.test("POST /summarize-records returns a status when the first note fails", async () => {
  await using insforge = await createUpstream();
  await using openrouter = await createUpstream();
  insforge.reply({ json: MANY_ROWS });
  const failed = { status: 402, json: { error: { code: 402, message: "No credits" } } };
  openrouter.reply({ status: 404, json: {} }, failed, failed);
  const request = { table: "t", stream: true };
  const { status, body } = await send(handler, environmentOf(insforge, openrouter), request);
  assertEquals([status, body.error], [402, "BILLING_INSUFFICIENT_BALANCE"]);
});

Deno.test("POST /summarize-records ends with an error event when a later note fails", async () => {
  await using insforge = await createUpstream();
  await using openrouter = await createUpstream();
  insforge.reply({ json: MANY_ROWS });
  const first = Promise.withResolvers<void>();
  const note = { json: completion({ content: "note" }) };
  const failed = { status: 402, json: { error: { code: 402, message: "No credits" } } };
  openrouter.reply({ status: 404, json: {} }, note, async () => {
    await first.promise;
    return failed;
  });
  const response = await handler(
    createRequest({ table: "t", stream: true }),
    environmentOf(insforge, openrouter),
  );
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let text = decoder.decode((await reader.read()).value);
  first.resolve();
  for (let piece; (piece = await reader.read()).value;) text += decoder.decode(piece.value);
  const last = JSON.parse(text.trim().split("\n\n").at(-1)!.slice("data: ".length));
  assertEquals(last.error.code, "BILLING_INSUFFICIENT_BALANCE");
  assertEquals(logs.at(-1)!.stream, "BILLING_INSUFFICIENT_BALANCE");
});

Deno.test("POST /summarize-records aborts the notes when the connection is closed", async () => {
  await using insforge = await createUpstream();
  await using openrouter = await createUpstream();
  insforge.reply({ json: MANY_ROWS });
  const note = { json: completion({ content: "note" }) };
  openrouter.reply({ status: 404, json: {} }, note, { sse: [": wait\n\n"], end: "hang" });
  const response = await handler(
    createRequest({ table: "t", stream: true }),
    environmentOf(insforge, openrouter),
  );
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
  const cancelled = openrouter.requests.slice(1).map((request) => request.cancelled);
  assertEquals((await Promise.all(cancelled)).toSorted(), [false, true]);
});

Deno.test("POST /summarize-records returns an error when the model says nothing", async () => {
  await using insforge = await createUpstream();
  await using openrouter = await createUpstream();
  const environment = environmentOf(insforge, openrouter);
  for (
    const [message, finish_reason, status] of [
      [{ content: "" }, "length", 400],
      [{ content: null, refusal: "No" }, "stop", 403],
      [{ content: "", reasoning: "hm" }, "stop", 502],
    ] as const
  ) {
    insforge.reply({ json: ROWS });
    openrouter.reply({ json: completion(message, { finish_reason }) });
    assertEquals((await send(handler, environment, { table: "t" })).status, status);
  }
});

/** More than fits into one prompt of a model whose context length is unknown. */
const MANY_ROWS = Array(4).fill({ text: "x".repeat(40_000) });

Deno.test("toChunks never cuts a character of a huge row in two", () => {
  for (const pad of ["", "x", "xx", "xxx"]) {
    const { chunks } = toChunks([JSON.stringify({ a: pad + "🌍".repeat(20_000) })], 32_000);
    assertMatch(chunks[0]!, /^[^\ufffd]+🌍…$/u);
    assert(countBytes(chunks[0]!) <= 32_000);
  }
});

Deno.test("toChunks packs rows in order, cuts huge rows and reports what it left out", () => {
  assertEquals(toChunks([], 9), { chunks: [], rowsRead: 0, truncated: false });
  assertEquals(toChunks(["12345", "678", "9", "0"], 9), {
    chunks: ["12345\n678", "9\n0"],
    rowsRead: 4,
    truncated: false,
  });
  assertEquals(toChunks(["1234567890", "1"], 9), {
    chunks: ["123456…", "1"],
    rowsRead: 2,
    truncated: true,
  });
  const many = toChunks(Array(1_000).fill("x".repeat(1_000)), 32_000);
  assertEquals([many.chunks.length, many.rowsRead, many.truncated], [20, 20 * 31, true]);
});

Deno.test("POST /summarize-records reads 400 rows of 4 KB", async () => {
  for (const [models, chunks] of [[listOf(128_000), 7], [{ status: 404, json: {} }, 17]] as const) {
    await using insforge = await createUpstream();
    await using openrouter = await createUpstream();
    insforge.reply({ json: Array(400).fill({ text: "x".repeat(4_085) }) });
    const done = { json: completion({ content: "note" }) };
    openrouter.reply(models, ...Array(chunks + 1).fill(done));
    const { body } = await send(handler, environmentOf(insforge, openrouter), {
      table: "t",
      limit: 400,
    });
    assertEquals([body.rows_read, body.truncated, body.chunks], [400, false, chunks]);
  }
});

Deno.test("POST /summarize-records shortens notes that do not fit into one prompt", async () => {
  await using insforge = await createUpstream();
  await using openrouter = await createUpstream();
  insforge.reply({ json: Array(3).fill({ text: "x".repeat(5_000) }) });
  const note = { json: completion({ content: "note ".repeat(2_000) }) };
  openrouter.reply(listOf(8_000), note, note, note, { json: completion({ content: "whole" }) });
  const { body } = await send(handler, environmentOf(insforge, openrouter), { table: "t" });
  assertEquals([body.summary, body.rows_read, body.truncated], ["whole", 3, true]);
  const { content } = openrouter.requests.at(-1)!.body.messages[1];
  assert(content.length < 8_000, `${content.length} characters`);
});

for (
  const [reply, status, code, message] of [
    [
      { status: 404, json: { code: "42P01", message: 'relation "public.t" does not exist' } },
      400,
      "INVALID_INPUT",
      '"table" must exist and be readable; there is no "t"',
    ],
    [
      { status: 400, json: { code: "42703", message: "column t.nope does not exist" } },
      400,
      "INVALID_INPUT",
      '"filters[1].column" must be a column of the table "t", not "nope"',
    ],
    [
      { status: 400, json: { code: "22P02", message: "invalid input syntax for type integer" } },
      400,
      "INVALID_INPUT",
      '"filters" does not match the type of its column',
    ],
    [
      { status: 403, json: { code: "42501", message: "permission denied for table t" } },
      403,
      "FORBIDDEN",
      'You are not allowed to read the table "t"',
    ],
    [
      { status: 401, json: { error: "AUTH_UNAUTHORIZED", message: "Invalid token" } },
      401,
      "AUTH_UNAUTHORIZED",
      "Invalid token",
    ],
  ] as const
) {
  Deno.test(`POST /summarize-records returns ${status} ${code} when InsForge responds ${reply.status} ${JSON.stringify(reply.json).slice(0, 30)}`, async () => {
    await using insforge = await createUpstream();
    insforge.reply(reply);
    const filters = [
      { column: "id", op: "eq", value: "x" },
      { column: "nope", op: "eq", value: 1 },
    ];
    const environment = environmentOf(insforge, insforge);
    const answer = await send(handler, environment, { table: "t", filters });
    assertEquals([answer.status, answer.body.error, answer.body.message], [status, code, message]);
  });
}

for (
  const [body, message] of [
    [{}, /^"table" is required/],
    [{ table: "" }, /^"table" must not be empty/],
    [{ table: 'a"b' }, /^"table" must not contain quotes or control characters/],
    [{ table: "a\nb" }, /^"table" must not contain quotes or control characters/],
    [{ table: ".." }, /^"table" is not a valid name/],
    [{ table: "\ud800" }, /^"table" is not a valid name/],
    [{ table: "ü".repeat(32) }, /^"table" must have at most 63 bytes/],
    [{ table: "t", columns: [] }, /^"columns" must be a non-empty array/],
    [{ table: "t", columns: ['id"'] }, /^"columns\[0\]" must not contain quotes/],
    [{ table: "t", limit: 0 }, /^"limit" must be 1 or more/],
    [{ table: "t", limit: -1 }, /^"limit" must be 1 or more/],
    [{ table: "t", limit: 1.5 }, /^"limit" must be a whole number/],
    [{ table: "t", limit: 1001 }, /^"limit" must be 1000 or less/],
    [{ table: "t", filters: [{ column: "a", op: "or", value: 1 }] }, /^"filters\[0\]\.op" must be/],
    [
      { table: "t", filters: [{ column: "a", op: "eq", value: "ü".repeat(2_000) }] },
      /^"filters" must be shorter/,
    ],
    [
      { table: "t", columns: Array.from({ length: 6_000 }, () => "a") },
      /^"filters" must be shorter/,
    ],
    [{ table: "t", filters: [{ column: "a", op: "eq" }] }, /^"filters\[0\]\.value" is required/],
    [
      { table: "t", filters: [{ column: "a", op: "in", value: "x" }] },
      /^"filters\[0\]\.value" must be an array/,
    ],
    [
      { table: "t", filters: [{ column: "a", op: "is", value: "null" }] },
      /^"filters\[0\]\.value" must be a boolean or null/,
    ],
    [
      { table: "t", filters: [{ column: "a", op: "eq", value: 1, not: true }] },
      /^"filters\[0\]\.not" is not a known field/,
    ],
    [
      { table: "t", filters: [{ column: "a", op: "eq", value: 2 ** 53 }] },
      /^"filters\[0\]\.value" must be a string when it is above 9007199254740991/,
    ],
    [
      { table: "t", filters: [{ column: "a", op: "in", value: [1, -(2 ** 53)] }] },
      /^"filters\[0\]\.value\[1\]" must be a string when it is above 9007199254740991/,
    ],
    [{ table: "t", order: "id" }, /^"order" must be an object/],
    [{ table: "t", order: { column: 'a"b' } }, /^"order\.column" must not contain quotes/],
    [{ table: "t", instructions: "x".repeat(4001) }, /^"instructions" must have at most 4000/],
    [{ table: "t", messages: [] }, /^"messages" is set by this function/],
    [{ table: "t", tools: [] }, /^"tools" is set by this function/],
  ] as [unknown, RegExp][]
) {
  Deno.test(`POST /summarize-records rejects ${JSON.stringify(body).slice(0, 80)}`, async () => {
    const answer = await send(handler, createEnvironment(), body);
    assertEquals(answer.status, 400);
    assertMatch(answer.body.message, message);
  });
}

/** A catalogue with the default model. */
function listOf(context_length: number) {
  return { json: { data: [{ id: "openai/gpt-4o-mini", context_length }] } };
}

function environmentOf(insforge: Upstream, openrouter: Upstream) {
  return createEnvironment({
    INSFORGE_BASE_URL: new URL(insforge.url).origin,
    OPENROUTER_BASE_URL: openrouter.url,
  });
}
