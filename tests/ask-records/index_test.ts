/** The search index: it maintains itself, and never holds a vector of an older text. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { indexAll } from "../../functions/ask-records/indexing.ts";
import { ActiveCall } from "../../shared/http/call.ts";
import { createIndexMigration } from "../../tools/index_table/migration.ts";
import { createVector } from "../../tools/local/openrouter/vectors.ts";
import { addNotes, createMigration, indexOnce, startWorld, type World } from "./world.ts";

/** Few, because the embedded database is slow. */
const DIMENSIONS = 64;
const MIGRATION = createMigration(DIMENSIONS);
const SPACE = { model: "openai/text-embedding-3-small", dimensions: DIMENSIONS };
const ROWS = 2_000;

Deno.test("the search index", async (t) => {
  await using world = await startWorld(DIMENSIONS);
  const { sql, users: [demo, second], tokens: [token] } = world;
  /** Each step begins with an empty table and an undisturbed OpenRouter. */
  const step = (sentence: string, run: () => Promise<void>) =>
    t.step(sentence, async () => {
      await sql("truncate notes");
      world.disturb = () => undefined;
      world.embedded = [];
      world.chats = [];
      await run();
    });
  const makeAllDue = () => sql("update notes_search set due_at = now() where due_at is not null");

  await step("a new row and a changed row are searchable after one run", async () => {
    await addNotes(world, demo, [["Printer", "It is on fire"], ["Coffee", "It is cold"]]);
    assertEquals(await countWaiting(world), 2);
    const { indexed, waiting, refused, usage } = await indexOnce(world);
    assertEquals([indexed, waiting, refused], [2, 0, 0]);
    assert(usage.prompt_tokens > 0 && usage.cost > 0);
    await sql("update notes set body = 'The bicycle has a flat tyre' where title = 'Coffee'");
    const ask = async () => {
      const { body } = await world.post(token, { question: "bicycle tyre", table: "notes" });
      return body.citations;
    };
    const [byWords] = await ask();
    assertEquals(byWords.similarity, null);
    assertEquals((await indexOnce(world)).indexed, 1);
    const [byVector] = await ask();
    assert(byVector.similarity > 0.5);
    assertEquals(byVector.excerpt, "Coffee\nThe bicycle has a flat tyre");
  });

  await step("a change of another column, or to the same text, makes no new vector", async () => {
    await addNotes(world, demo, [["Printer", "It is on fire"]]);
    await indexOnce(world);
    await sql("update notes set stars = 5, title = 'Printer'");
    assertEquals(await countWaiting(world), 0);
  });

  await step("rows without text, deleted rows and changed keys need no vector", async () => {
    await sql(`insert into notes (owner, title) values ('${demo}', ' ')`);
    await addNotes(world, demo, [["Printer", "It is on fire"], ["Coffee", "It is cold"]]);
    await sql("delete from notes where title = 'Coffee'");
    await sql("update notes set id = gen_random_uuid() where title = 'Printer'");
    assertEquals((await indexOnce(world)).indexed, 1);
    const [{ count } = {}] = await sql(
      "select count(*)::int as count from notes_search i left join notes n using (id) where n.id is null",
    );
    assertEquals(count, 0);
  });

  await step(
    "2,000 rows through an OpenRouter that fails a fifth of them get their vectors",
    async () => {
      await addNotes(world, demo, createTexts(ROWS));
      const attempts = new Map<string, number>();
      let changed: Promise<unknown> | undefined;
      world.disturb = async ({ input }) => {
        const [first = ""] = input;
        // Rows change while their vectors are made.
        changed ??= sql("update notes set body = body || ' again' where stars = 1");
        await changed;
        const count = attempts.get(first) ?? 0;
        attempts.set(first, count + 1);
        const [, number] = /(\d+)/.exec(first)!;
        // Longer than the retries of one call.
        return Number(number) % 5 === 0 && count < 3 ? outage() : undefined;
      };
      await sql("update notes set stars = 1 where title like '%7'");
      let runs = 0;
      for (; runs < 30 && await countWaiting(world) > 0; runs++) {
        await world.index(); // a run in which every batch fails is a 502
        await makeAllDue();
      }
      assert(runs < 30, "rows are still waiting");
      const failed = [...attempts.values()].filter((count) => count > 1).length;
      assert(failed >= 2, `${failed} batches failed`);
      await assertFresh(world, ROWS);
    },
  );

  await step("two runs at a time share the work and embed no row twice", async () => {
    await addNotes(world, demo, createTexts(450));
    const runs = await Promise.all([indexOnce(world), indexOnce(world)]);
    assertEquals(runs.reduce((sum, { indexed }) => sum + indexed, 0), 450);
    assertEquals(world.embedded.reduce((sum, { input }) => sum + input.length, 0), 450);
    await assertFresh(world, 450);
  });

  await step("a run that died gives its rows back after its lease", async () => {
    await addNotes(world, demo, createTexts(3));
    await sql("select ai_search_claim(10)");
    assertEquals((await indexOnce(world)).indexed, 0);
    await sql("update notes_search set due_at = due_at - interval '2 minutes'");
    assertEquals((await indexOnce(world)).indexed, 3);
  });

  await step("a failing OpenRouter fails the run, and its rows wait longer each time", async () => {
    await addNotes(world, demo, createTexts(3));
    world.disturb = () => outage();
    const seconds = [];
    for (let i = 0; i < 3; i++) {
      const { status, body } = await world.index();
      assertEquals([status, body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);
      const [{ wait } = {}] = await sql(
        "select extract(epoch from max(due_at) - now())::float8 as wait from notes_search",
      );
      seconds.push(Math.round(Number(wait) / 30));
      await makeAllDue();
    }
    assertEquals(seconds, [1, 2, 4]);
    world.disturb = () => undefined;
    assertEquals((await indexOnce(world)).indexed, 3);
  });

  await step(
    "a text that the model refuses holds up no other, and is tried again when it changes",
    async () => {
      await addNotes(world, demo, createTexts(40));
      await sql("update notes set body = 'poison' where title like '%17'");
      world.disturb = ({ input }) =>
        input.some((text) => text.includes("poison")) ? refusal() : undefined;
      const { indexed, waiting, refused } = await indexOnce(world);
      assertEquals([indexed, waiting, refused], [39, 0, 1]);
      assertEquals((await indexOnce(world)).refused, 1);
      await sql("update notes set body = 'medicine' where body = 'poison'");
      const again = await indexOnce(world);
      assertEquals([again.indexed, again.refused], [1, 0]);
    },
  );

  await step("a model that refuses everything is not asked about every text", async () => {
    await addNotes(world, demo, createTexts(100));
    world.disturb = () => refusal();
    const { status, body } = await world.index();
    assertEquals([status, body.error], [400, "INVALID_INPUT"]);
    assert(world.embedded.length < 30, `${world.embedded.length} requests`);
  });

  await step(
    "vectors of another length are not stored, and the error names both lengths",
    async () => {
      await addNotes(world, demo, createTexts(2));
      world.disturb = ({ input }) =>
        Response.json({
          data: input.map((_, index) => ({ index, embedding: [1, 2, 3] })),
          model: SPACE.model,
        });
      const { status, body } = await world.index();
      assertEquals(status, 500);
      assertMatch(body.message, /makes vectors of 3 dimensions, .* has vectors of 64/);
    },
  );

  await step(
    "a user indexes the rows that the user may read, at the user's own expense",
    async () => {
      await addNotes(world, demo, createTexts(5));
      await addNotes(world, second, createTexts(7));
      for (
        const [path, indexed] of [["/ask-records", 5], ["/ask-records?route=index", 0]] as const
      ) {
        const { status, body } = await world.post(token, { index: "notes" }, path);
        assertEquals([status, body.indexed, body.waiting], [200, indexed, 0], path);
      }
      assertEquals(await countWaiting(world), 7);
      const charges = await sql(
        "select distinct user_id::text as payer from ai_charges where user_id::text <> 'api-key'",
      );
      assertEquals(charges.map(({ payer }) => payer), [demo]);
      const { status, body } = await world.post(token, { index: "no_such_table" });
      assertEquals([status, body.message], [
        400,
        '"index" must be a table with a search index; "no_such_table" has none',
      ]);
    },
  );

  await step(
    "the migration may be applied again, with other columns, and queues what differs",
    async () => {
      await addNotes(world, demo, createTexts(3));
      await sql("update notes set body = null where title like '%1'");
      await indexOnce(world);
      await sql(MIGRATION);
      assertEquals(await countWaiting(world), 0);
      const columns = ["title"];
      await sql(createIndexMigration({ table: "notes", columns, dimensions: DIMENSIONS }));
      assertEquals(await countWaiting(world), 2);
      await sql(MIGRATION);
      await indexOnce(world);
      await assertFresh(world, 3);
    },
  );

  await step("a run that has no time left says how many rows wait", async () => {
    await addNotes(world, demo, createTexts(450));
    const request = new Request("http://functions.test/ask-records/index", { method: "POST" });
    const call = new ActiveCall("ask-records", request, {
      environment: world.environment,
      ownPrompts: true,
    });
    call.userId = "api-key";
    call.elapsedMs = () => world.embedded.length > 0 ? 34_000 : 0; // the first round took long
    const { indexed, waiting } = await indexAll(call);
    assertEquals([indexed, waiting], [400, 50]);
    await call.deliver(new Response());
  });

  await step("a text of megabytes is stored, and indexed by its beginning", async () => {
    const body = Array.from({ length: 300_000 }, (_, i) => `word${i}`).join(" ");
    await addNotes(world, demo, [["Long", body]]);
    assertEquals((await indexOnce(world)).indexed, 1);
    const [{ length } = {}] = await sql("select length(body) as length from notes");
    assertEquals(length, body.length);
    assertEquals(world.embedded[0]!.input[0]!.length, 6_000);
  });

  await step("an index that is dropped leaves the rows, and another model can follow", async () => {
    await sql("create table drafts (id text primary key, title text)");
    const request = { table: "drafts", columns: ["title"], dimensions: DIMENSIONS };
    await sql(createIndexMigration(request));
    await sql("insert into drafts values ('a', 'On bicycles')");
    await indexOnce(world);
    await sql("select ai_search_drop('drafts')");
    await sql("update drafts set title = 'On bread'");
    await sql("insert into drafts values ('b', 'On tea')");
    await sql(createIndexMigration({
      ...request,
      model: "openai/text-embedding-3-large",
      dimensions: 2_048,
    }));
    assertEquals((await indexOnce(world)).indexed, 2);
    const { body } = await world.post(token, { question: "bread", table: "drafts" });
    assertEquals(body.citations.map(({ id }: { id: string }) => id), ["a"]);
    await assertRejects(
      () => sql("select ai_search_drop('nothing')"),
      Error,
      "has no search index",
    );
  });

  await step("a table of the app whose name the index would have is left alone", async () => {
    await sql("create table plans (id int primary key, title text)");
    await sql("create table plans_search (id int, title text)");
    const migration = createIndexMigration({ table: "plans", columns: ["title"] });
    await assertRejects(() => sql(migration), Error, '"plans_search" belongs to another table');
  });

  await step("a second model, length or language is refused while the index exists", async () => {
    for (
      const other of [
        { model: "openai/text-embedding-3-large" },
        { dimensions: 128 },
        { dimensions: DIMENSIONS, language: "simple" },
      ]
    ) {
      const request = { table: "notes", columns: ["title"], ...other };
      const { message } = await assertRejects(() => sql(createIndexMigration(request)), Error);
      assertMatch(message, /The search index of "notes" is made with .* it cannot be changed to/);
    }
    await assertRejects(
      () => sql("select ai_search_save('notes', 'another/model', '[]')"),
      Error,
      'has no vectors of the model "another/model"',
    );
  });

  await step("vectors above 2,000 dimensions are halfvec, with an HNSW index", async () => {
    await sql("create table papers (id bigint primary key, title text)");
    await sql(createIndexMigration({
      table: "papers",
      columns: ["title"],
      model: "openai/text-embedding-3-large",
    }));
    await sql("insert into papers values (1, 'On bicycles'), (2, 'On bread')");
    await indexOnce(world);
    const { body } = await world.post(token, { question: "bicycle", table: "papers" });
    assertEquals(body.citations.map(({ id }: { id: number }) => id), [1]);
    const [{ type, definition } = {}] = await sql(`
      select format_type(a.atttypid, a.atttypmod) as type,
             pg_get_indexdef('papers_search_embedding'::regclass) as definition
      from pg_attribute a where attrelid = 'papers_search'::regclass and attname = 'embedding'`);
    assertEquals(type, "halfvec(3072)");
    assertMatch(String(definition), /hnsw .*halfvec_cosine_ops/);
  });
});

async function countWaiting({ sql }: World): Promise<number> {
  const [row] = await sql(
    "select count(*)::int as waiting from notes_search where due_at is not null",
  );
  return Number(row!.waiting);
}

/** Checks that every row has the vector of its present text. */
async function assertFresh({ sql }: World, rows: number): Promise<void> {
  const found = await sql(`
    select concat_ws(E'\\n', n.title, n.body) as text, i.embedding::text as embedding
    from notes n join notes_search i using (id)`);
  assertEquals(found.length, rows);
  for (const { text, embedding } of found) {
    const stored = JSON.parse(String(embedding)) as number[];
    const expected = createVector(String(text), SPACE);
    const differs = expected.some((value, i) => Math.abs(value - stored[i]!) > 1e-6);
    assert(!differs, `the vector is not that of "${text}"`);
  }
}

function createTexts(count: number): [string, string][] {
  const things = ["bicycle", "printer", "coffee", "garden", "ticket", "piano", "holiday"];
  return Array.from({ length: count }, (_, i) => [
    `Note ${i}`,
    `The ${things[i % things.length]} needs attention on day ${i}`,
  ]);
}

function outage(): Response {
  return Response.json({ error: { code: 503, message: "Provider is down" } }, {
    status: 503,
    headers: { "Retry-After": "0" },
  });
}

function refusal(): Response {
  return Response.json({ error: { code: 400, message: "Input is not allowed" } }, { status: 400 });
}
