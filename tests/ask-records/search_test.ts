/** The search finds what belongs together, and nothing that the caller may not read. */
import { assert, assertEquals, assertGreaterOrEqual, assertStringIncludes } from "@std/assert";
import { addNotes, indexOnce, startWorld, type World } from "./world.ts";
import { createLabelledSet } from "./labelled_set.ts";

interface Cited {
  id: string;
  table: string;
  similarity: number | null;
  excerpt: string;
}

Deno.test("the search of ask-records", async (t) => {
  await using world = await startWorld(512);
  const { sql, users: [demo, second], tokens: [token, secondToken] } = world;
  /** Each step begins with an empty table. */
  const step = (sentence: string, run: () => Promise<void>) =>
    t.step(sentence, async () => {
      await sql("truncate notes");
      world.chats = [];
      await run();
    });
  const ask = async (question: string, more: object = {}, as = token): Promise<Cited[]> => {
    const { status, body } = await world.post(as, { question, table: "notes", ...more });
    assertEquals(status, 200, JSON.stringify(body));
    return body.citations;
  };

  await step("recall@5 is at least 0.95 on 200 labelled rows and 60 questions", async () => {
    const { rows, questions } = createLabelledSet();
    assertEquals([rows.length, questions.length], [200, 60]);
    await addNotes(world, demo, rows.map(({ title, body }) => [title, body]));
    // Rows of another user that are at least as similar take no place.
    await addNotes(world, second, rows.map(({ title, body }) => [title, body]));
    await indexOnce(world);
    await sql(LIKE_A_LARGE_TABLE);
    let recall = 0;
    for (const { question, subject } of questions) {
      const cited = await ask(question, { match_count: 5, match_threshold: 0.1 });
      const relevant = rows.filter((row) => row.subject === subject);
      const texts = cited.map(({ excerpt }) => excerpt);
      const found = relevant.filter(({ title, body }) => texts.includes(`${title}\n${body}`));
      recall += found.length / Math.min(5, relevant.length) / questions.length;
    }
    await sql("reset enable_seqscan; reset enable_sort");
    console.info(`recall@5 is ${recall.toFixed(3)}`);
    assertGreaterOrEqual(recall, 0.95);
  });

  await step("no row is cited that the caller may not read", async () => {
    // Each text is another one, because equal vectors count as one neighbour.
    const secrets = Array.from({ length: 300 }, (_, i): [string, string] => [
      "Secret",
      `The alarm code of the garage is x${i}`,
    ]);
    await addNotes(world, second, secrets);
    await addNotes(world, demo, [["Garage", "Its door squeaks"], ["Bread", "Buy flour"]]);
    await indexOnce(world);
    // All that the vector index returns is the other user's.
    await sql(LIKE_A_LARGE_TABLE);
    const question = "What is the alarm code of the garage?";
    const low = { match_threshold: 0.1 };
    const own = await ask(question, low);
    assertEquals(own.map(({ excerpt }) => excerpt), ["Garage\nIts door squeaks"]);
    const theirs = await ask(question, low, secondToken);
    assert(theirs.length === 8 && theirs.every(({ excerpt }) => excerpt.startsWith("Secret")));
    await sql("reset enable_seqscan; reset enable_sort");
    for (const { messages } of world.chats.slice(0, 1)) {
      assert(!JSON.stringify(messages).includes("Secret"));
    }
  });

  await step("a row whose policy changes is not cited any more", async () => {
    await addNotes(world, demo, [["Garage", "Its door squeaks"]]);
    await indexOnce(world);
    assertEquals((await ask("garage door")).length, 1);
    await sql("update notes set owner = $1::uuid", [second]);
    assertEquals(await ask("garage door"), []);
    assertEquals((await ask("garage door", {}, secondToken)).length, 1);
  });

  await step(
    "a row is not cited with an older text, even when its trigger did not run",
    async () => {
      await addNotes(world, demo, [["Garage", "Its door squeaks"]]);
      await indexOnce(world);
      await sql("alter table notes disable trigger search_sync");
      await sql("update notes set body = 'Its door is silent'");
      assertEquals(await ask("garage door"), []);
      await sql("alter table notes enable trigger search_sync");
      await sql("update notes set stars = 1"); // any later change repairs the entry
      assertEquals((await ask("garage door silent")).map(({ excerpt }) => excerpt), [
        "Garage\nIts door is silent",
      ]);
    },
  );

  await step("words find what vectors do not, such as a number", async () => {
    const rows = Array.from({ length: 30 }, (_, i): [string, string] => [
      `Order C-${10_000 + i}`,
      "The parcel is late and the customer waits",
    ]);
    await addNotes(world, demo, rows);
    await indexOnce(world);
    const [first] = await ask("C-10017", { match_threshold: 0.9 });
    assertStringIncludes(first!.excerpt, "Order C-10017");
    assertEquals((await ask("C-99999", { match_threshold: 0.9 })).length, 0);
    const [asked] = await ask("What happened to order C-10017?", { match_threshold: 0 });
    assertStringIncludes(asked!.excerpt, "Order C-10017");
  });

  await step("filters and columns apply before the best rows are chosen", async () => {
    await addNotes(
      world,
      demo,
      Array.from({ length: 50 }, (_, i) => ["Garage", `Its door squeaks on day ${i}`]),
    );
    await sql("update notes set stars = 5 where body like '%day 4_'");
    await indexOnce(world);
    const filters = [
      { column: "stars", op: "in", value: [4, 5] },
      { column: "body", op: "ilike", value: "*DAY*" },
      { column: "title", op: "is_not", value: null },
      { column: "updated_at", op: "gt", value: "2020-01-01" },
    ];
    const cited = await ask("garage door", { filters, columns: ["body"], match_count: 20 });
    assertEquals(cited.length, 10);
    const { content } = world.chats[0]!.messages[1]!;
    assertStringIncludes(content, '[1] {"body":"Its door squeaks on day 4');
    for (const name of ["title", "stars", "owner"]) assert(!content.includes(`"${name}"`));
  });

  await step("a filter or column that does not exist is a 400 that names it", async () => {
    const fail = async (more: object) => {
      const { status, body } = await world.post(token, {
        question: "q",
        table: "notes",
        ...more,
      });
      return [status, body.message];
    };
    const filter = { op: "eq", value: "x" };
    assertEquals(await fail({ filters: [{ column: "nope", ...filter }] }), [
      400,
      '"filters[0].column" must be a column of the table "notes", not "nope"',
    ]);
    assertEquals(await fail({ columns: ["id", "nope"] }), [
      400,
      '"columns[1]" must be a column of the table "notes", not "nope"',
    ]);
    assertEquals(await fail({ filters: [{ column: "stars", ...filter }] }), [
      400,
      '"filters[0].value" does not match the type of its column',
    ]);
  });

  await step("the app's code and `function` use the same match routine", async () => {
    await addNotes(world, demo, [["Garage", "Its door squeaks"], ["Bread", "Buy flour"]]);
    await addNotes(world, second, [["Garage", "Its door squeaks, too"]]);
    await indexOnce(world);
    // The routine compares vectors of the index's length, which the default model does not make.
    const { status, body } = await world.post(token, { question: "q", function: "match_notes" });
    assertEquals([status, body.error], [500, "INTERNAL_ERROR"]);
    await sql(MATCH_TITLES);
    const found = await world.post(token, { question: "garage", function: "match_titles" });
    assertEquals(found.body.citations.map(({ excerpt }: Cited) => excerpt), ["Garage"]);
    assertEquals(found.body.citations[0].table, "match_titles");
  });

  await step("users change neither the index nor its queue", async () => {
    await addNotes(world, demo, [["Garage", "Its door squeaks"]]);
    await indexOnce(world);
    for (
      const statement of [
        "update notes_search set content = 'x'",
        "delete from notes_search",
        "insert into notes_search (id, content) values (gen_random_uuid(), 'x')",
        "select ai_search_claim(1)",
        "select * from ai_search_indexes",
      ]
    ) assertEquals(await tryAs(world, "authenticated", statement), "42501", statement);
    assertEquals(await tryAs(world, "authenticated", "select * from notes_search"), undefined);
  });
});

/** Makes the planner use the vector index, as it does when a table is large. */
const LIKE_A_LARGE_TABLE = "set enable_seqscan = off; set enable_sort = off";

/** A routine of an app, with the parameters of InsForge's documentation. */
const MATCH_TITLES = `
  create function match_titles(query_embedding vector, match_count int, match_threshold float)
  returns table (id uuid, content text, similarity float) language sql stable as $$
    select id, title, 0.9::float from notes
    where vector_dims(query_embedding) = 1536 and title = 'Garage' and match_threshold < 0.9
    limit match_count
  $$`;

/** Runs a statement as a role, and returns the code of its failure. */
async function tryAs({ sql }: World, role: string, statement: string): Promise<string | undefined> {
  const [row] = await sql(`
    create or replace function pg_temp.try_it() returns text language plpgsql as $f$
    begin
      set local role ${role};
      execute $s$${statement}$s$;
      return null;
    exception when others then return sqlstate;
    end $f$;
    select pg_temp.try_it() as code;`);
  return row!.code === null ? undefined : String(row!.code);
}
