import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import {
  createIndexMigration,
  IndexRefusal,
  type IndexRequest,
} from "../../tools/index_table/migration.ts";
import { findGuardFault } from "../../tools/local/insforge/sql_statements.ts";

const TICKETS: IndexRequest = { table: "tickets", columns: ["subject", "body"] };

Deno.test("createIndexMigration uses the default model's length, vector and English", () => {
  const sql = createIndexMigration(TICKETS);
  assertStringIncludes(sql, `array['subject', 'body'], 'openai/text-embedding-3-small', 1536`);
  assertStringIncludes(sql, "embedding vector(1536)");
  assertStringIncludes(sql, "using hnsw (embedding vector_cosine_ops)");
  assertStringIncludes(sql, "to_tsvector('english', left(content, 200000))");
  assertStringIncludes(sql, "language sql security invoker");
  assertEquals(findGuardFault(sql), undefined, "InsForge refuses it");
});

Deno.test("createIndexMigration uses halfvec above 2,000 dimensions, and says why", () => {
  const sql = createIndexMigration({ ...TICKETS, model: "openai/text-embedding-3-large" });
  assertStringIncludes(sql, "embedding halfvec(3072)");
  assertStringIncludes(sql, "using hnsw (embedding halfvec_cosine_ops)");
  assertMatch(sql, /an HNSW index of type vector ends at 2000 dimensions/);
});

Deno.test("createIndexMigration asks for shorter vectors only of models that make them", () => {
  const of = (request: Partial<IndexRequest>) => createIndexMigration({ ...TICKETS, ...request });
  assertStringIncludes(of({ dimensions: 256 }), `256,\n  '{"dimensions":256}'`);
  assertStringIncludes(of({ dimensions: 1_536 }), `1536,\n  '{}'`);
  assertStringIncludes(of({ model: "a/b", dimensions: 768 }), `768,\n  '{}'`);
});

Deno.test("createIndexMigration quotes names and texts", () => {
  const sql = createIndexMigration({ table: "It's; drop", columns: ["Größe"], id: "order" });
  assertStringIncludes(sql, `ai_search_register(\n  'It''s; drop', array['Größe']`);
  assertStringIncludes(sql, `as select "order" as id from "It's; drop" with no data`);
  assertStringIncludes(sql, `new."Größe"::text`);
  assertEquals(findGuardFault(sql), undefined);
});

const REFUSED: [Partial<IndexRequest>, RegExp][] = [
  [{ columns: [] }, /^At least one column must be given$/],
  [{ table: 'a"b' }, /^The table "a"b" must have 1 to 46 bytes, and neither quotes/],
  [{ table: "t".repeat(47) }, /1 to 46 bytes/],
  [{ columns: ["a\n"] }, /^The column/],
  [{ model: "a/b" }, /^The dimensions of "a\/b" must be given/],
  [{ model: "a/b", dimensions: 4_001 }, /^The dimensions must be 1 to 4000, which HNSW can index$/],
  [{ dimensions: 1.5 }, /^The dimensions must be/],
  [{ dimensions: 3_072 }, /^The vectors of "openai\/text-embedding-3-small" have 1536 dimensions$/],
  [{ model: "openai/text-embedding-ada-002", dimensions: 256 }, /have 1536 dimensions$/],
  [{ language: "x'); drop" }, /must be a text search configuration, such as english$/],
];

Deno.test("createIndexMigration refuses names, dimensions and languages that cannot be used", () => {
  for (const [request, message] of REFUSED) {
    const error = assertThrows(
      () => createIndexMigration({ ...TICKETS, ...request }),
      IndexRefusal,
    );
    assertMatch(error.message, message);
  }
});
