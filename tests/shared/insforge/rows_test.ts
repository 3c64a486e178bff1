import { assertEquals } from "@std/assert";
import { type Filter, readRows } from "../../../shared/insforge/rows.ts";
import { TOKEN } from "../../support/caller.ts";
import {
  assertFailure,
  createInsForge,
  QUERY,
  type Received,
  settingsOf,
} from "../fake_insforge.ts";

const caller = { token: TOKEN };

Deno.test("readRows sends a query in the form of PostgREST with the caller's token", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, [{ subject: "a", status: "open" }]);
  const rows = await readRows(caller, QUERY, settingsOf(insforge));
  assertEquals(rows, [{ subject: "a", status: "open" }]);
  const [{ line, query, headers }] = insforge.requests as [Received];
  assertEquals(line, "GET /api/database/records/tickets");
  assertEquals(headers.get("authorization"), `Bearer ${TOKEN}`);
  assertEquals([...query].sort(), [
    ["limit", "10"],
    ["order", "created_at.asc"],
    ["select", "subject,status"],
    ["status", "eq.open"],
  ]);
});

Deno.test("readRows selects all columns without an order by default", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, []);
  assertEquals(await readRows(caller, { table: "t", limit: 1 }, settingsOf(insforge)), []);
  assertEquals([...insforge.requests[0]!.query].sort(), [["limit", "1"], ["select", "*"]]);
});

/** Filters and what PostgREST must receive for each. */
const FILTERS: [op: Filter["op"], value: unknown, sent: string][] = [
  ["eq", "a,b.c(d)", "eq.a,b.c(d)"],
  ["eq", 'quo"te & more=1', 'eq.quo"te & more=1'],
  ["eq", "Grüße 🌍", "eq.Grüße 🌍"],
  ["eq", "", "eq."],
  ["neq", 5, "neq.5"],
  ["gt", -1.5, "gt.-1.5"],
  ["gte", "2026-01-01", "gte.2026-01-01"],
  ["lt", 0, "lt.0"],
  ["lte", true, "lte.true"],
  ["like", "%a_%", "like.%a_%"],
  ["ilike", "*x*", "ilike.*x*"],
  ["is", null, "is.null"],
  ["is", true, "is.true"],
  ["in", ["a", "b"], 'in.("a","b")'],
  ["in", [1, 2.5, true], 'in.("1","2.5","true")'],
  ["in", ["a,b", "(c)", "d.e"], 'in.("a,b","(c)","d.e")'],
  ["in", ['say "hi"', "back\\slash", '\\"'], 'in.("say \\"hi\\"","back\\\\slash","\\\\\\"")'],
  ["in", ['x"),or=(a.eq.1', ""], 'in.("x\\"),or=(a.eq.1","")'],
  ["in", ["two\nlines", "ü🌍"], 'in.("two\nlines","ü🌍")'],
  ["is_not", null, "not.is.null"],
  ["eq", ["a", 'b"c', 1], 'eq.{"a","b\\"c","1"}'],
  ["eq", { a: [1] }, 'eq.{"a":[1]}'],
  ["contains", ["a", null], 'cs.{"a",NULL}'],
  ["contains", { a: { b: 1 } }, 'cs.{"a":{"b":1}}'],
  ["contained_by", [[1, 2], [3]], 'cd.{{"1","2"},{"3"}}'],
  ["overlaps", ["a,b", "{}"], 'ov.{"a,b","{}"}'],
];

for (const [op, value, sent] of FILTERS) {
  Deno.test(`readRows sends the filter ${op} ${JSON.stringify(value)} as ${JSON.stringify(sent)}`, async () => {
    await using insforge = createInsForge();
    insforge.reply(200, []);
    const query = { table: "t", limit: 1, filters: [{ column: "c", op, value }] };
    await readRows(caller, query, settingsOf(insforge));
    assertEquals(insforge.requests[0]!.query.getAll("c"), [sent]);
    assertEquals([...insforge.requests[0]!.query.keys()].sort(), ["c", "limit", "select"]);
  });
}

Deno.test("readRows sends two filters on one column", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, []);
  const filters: Filter[] = [
    { column: "n", op: "gte", value: 1 },
    { column: "n", op: "lt", value: 9 },
  ];
  await readRows(caller, { table: "t", limit: 1, filters }, settingsOf(insforge));
  assertEquals(insforge.requests[0]!.query.getAll("n"), ["gte.1", "lt.9"]);
});

/** Names of any spelling and how PostgREST must receive them. */
const NAMES: [name: string, sent: string][] = [
  ["plain_1", "plain_1"],
  ["two words", '"two words"'],
  ["größe", '"größe"'],
  ["a-b", '"a-b"'],
  ["a,b(c).d", '"a,b(c).d"'],
  ["meta->>x", '"meta->>x"'],
  ["back\\slash", '"back\\\\slash"'],
  ["limit", '"limit"'],
  ["*", '"*"'],
];

for (const [name, sent] of NAMES) {
  Deno.test(`readRows sends the column name ${name} as ${sent}`, async () => {
    await using insforge = createInsForge();
    insforge.reply(200, []);
    const filters: Filter[] = [{ column: name, op: "eq", value: 1 }];
    const query = { table: "t", columns: [name, "id"], filters, order: { column: name }, limit: 1 };
    await readRows(caller, query, settingsOf(insforge));
    const [{ query: received }] = insforge.requests as [Received];
    assertEquals(received.get("select"), `${sent},id`);
    assertEquals(received.get("order"), `${sent}.asc`);
    assertEquals(received.getAll(sent), ["eq.1"]);
  });
}

Deno.test("readRows sends a table name of any spelling as one path segment", async () => {
  await using insforge = createInsForge();
  for (const table of ["my table", "größe", "a/b?c#d%20"]) {
    insforge.reply(200, []);
    await readRows(caller, { table, limit: 1 }, settingsOf(insforge));
    const { line, query } = insforge.requests.at(-1)!;
    assertEquals(line, `GET /api/database/records/${encodeURIComponent(table)}`);
    assertEquals([...query.keys()].sort(), ["limit", "select"]);
  }
});

for (const body of ["", "<html>", {}, 5, [null], [{}, 5], [[]]]) {
  Deno.test(`readRows throws 502 when InsForge responds 200 with ${JSON.stringify(body)}`, async () => {
    await using insforge = createInsForge();
    insforge.replyAlways(200, body);
    await assertFailure(
      readRows(caller, { table: "t", limit: 2 }, settingsOf(insforge)),
      502,
      "UPSTREAM_FAILURE",
    );
  });
}
