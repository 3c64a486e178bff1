import { assertEquals } from "@std/assert";
import { type Filter, readRows } from "../../../shared/insforge/rows.ts";
import { TOKEN } from "../../support/caller.ts";
import { createInsForge, QUERY, settingsOf } from "../fake_insforge.ts";

const caller = { token: TOKEN };

Deno.test("readRows asks PostgREST in its own terms, as the caller", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, [{ subject: "a", status: "open" }]);
  const rows = await readRows(caller, QUERY, settingsOf(insforge));
  assertEquals(rows, [{ subject: "a", status: "open" }]);
  const [{ line, query, headers }] = insforge.requests;
  assertEquals(line, "GET /api/database/records/tickets");
  assertEquals(headers.get("authorization"), `Bearer ${TOKEN}`);
  assertEquals([...query].sort(), [
    ["limit", "10"],
    ["order", "created_at.asc"],
    ["select", "subject,status"],
    ["status", "eq.open"],
  ]);
});

Deno.test("readRows asks for all columns in no order where none are named", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, []);
  assertEquals(await readRows(caller, { table: "t", limit: 1 }, settingsOf(insforge)), []);
  assertEquals([...insforge.requests[0].query].sort(), [["limit", "1"], ["select", "*"]]);
});

/** Filters, and the words in which PostgREST must get them. */
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
];

for (const [op, value, sent] of FILTERS) {
  Deno.test(`the filter ${op} ${JSON.stringify(value)} is sent as ${JSON.stringify(sent)}`, async () => {
    await using insforge = createInsForge();
    insforge.reply(200, []);
    const query = { table: "t", limit: 1, filters: [{ column: "c", op, value }] };
    await readRows(caller, query, settingsOf(insforge));
    assertEquals(insforge.requests[0].query.getAll("c"), [sent]);
    assertEquals([...insforge.requests[0].query.keys()].sort(), ["c", "limit", "select"]);
  });
}

Deno.test("two filters on one column are both sent", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, []);
  const filters: Filter[] = [
    { column: "n", op: "gte", value: 1 },
    { column: "n", op: "lt", value: 9 },
  ];
  await readRows(caller, { table: "t", limit: 1, filters }, settingsOf(insforge));
  assertEquals(insforge.requests[0].query.getAll("n"), ["gte.1", "lt.9"]);
});
