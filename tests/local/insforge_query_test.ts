/** The parser of PostgREST's query strings, alone. */

import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { parseQuery, type Query } from "../../tools/local/insforge/rest/query.ts";
import { RestError } from "../../tools/local/insforge/rest/rest_error.ts";
import { createRandom, readSeed } from "../support/hostile_json.ts";

Deno.test("parses nested selections, aliases, casts and hints", () => {
  const { select } = parse("select=id,when:at::text,lists!key!inner(*,tags->0->>x),...owner(name)");
  assertEquals(select.map(({ kind }) => kind), ["column", "column", "relation", "relation"]);
  const [, renamed, relation, spread] = select;
  assertEquals(renamed, {
    kind: "column",
    field: { name: "at", path: [] },
    alias: "when",
    cast: "text",
  });
  assertEquals(relation?.kind === "relation" && [relation.hint, relation.inner], ["key", true]);
  assertEquals(relation?.kind === "relation" && relation.items[1], {
    kind: "column",
    field: { name: "tags", path: [{ arrow: "->", operand: 0 }, { arrow: "->>", operand: "x" }] },
    alias: undefined,
    cast: undefined,
  });
  assertEquals(spread?.kind === "relation" && spread.spread, true);
});

Deno.test("parses conditions on relations and nested groups", () => {
  const { conditions } = parse(
    "lists.items.id=not.in.(1,%22a,b%22)&lists.not.or=(id.eq.1,and(a.is.null))",
  );
  assertEquals(conditions, [
    {
      path: ["lists", "items"],
      value: {
        kind: "filter",
        field: { name: "id", path: [] },
        negated: true,
        operation: { kind: "in", values: ["1", "a,b"] },
      },
    },
    {
      path: ["lists"],
      value: {
        kind: "group",
        join: "or",
        negated: true,
        conditions: [
          {
            kind: "filter",
            field: { name: "id", path: [] },
            negated: false,
            operation: { kind: "compare", operator: "eq", quantifier: undefined, value: "1" },
          },
          {
            kind: "group",
            join: "and",
            negated: false,
            conditions: [{
              kind: "filter",
              field: { name: "a", path: [] },
              negated: false,
              operation: { kind: "is", value: "NULL" },
            }],
          },
        ],
      },
    },
  ]);
});

Deno.test("a parameter without an operator is an argument of an rpc, and an error for records", () => {
  assertEquals(parseQuery(new URLSearchParams("k=3&id=gt.1"), true).arguments, { k: "3" });
  const error = assertThrows(() => parse("k=3"), RestError);
  assertEquals([error.status, error.code], [400, "PGRST100"]);
});

Deno.test("an error contains the parameter and the column", () => {
  const error = assertThrows(() => parse("or=(id.eq.1"), RestError);
  assertEquals(error.message, '"failed to parse logic tree ((id.eq.1)" (line 1, column 11)');
});

Deno.test("hostile query strings are parsed or rejected with 400", () => {
  const seed = readSeed();
  const random = createRandom(seed);
  const parts = [
    ..."()[]{},.:*!\"'\\->%= ;\0\n$_😀".split(""),
    ..."select order or and not limit offset columns eq in is fts like id a.b ->> :: (any) ..."
      .split(" "),
  ];
  const pick = () => parts[Math.floor(random() * parts.length)];
  const text = () => Array.from({ length: Math.floor(random() * 12) }, pick).join("");
  for (let round = 0; round < 20_000; round++) {
    const parameters = new URLSearchParams([["select", text()], [text() || "id", text()]]);
    try {
      parseQuery(parameters, round % 2 === 0);
    } catch (error) {
      assertInstanceOf(error, RestError, `seed ${seed}, round ${round}: ${error}`);
      assertEquals(error.status, 400);
    }
  }
});

function parse(query: string): Query {
  return parseQuery(new URLSearchParams(query));
}
