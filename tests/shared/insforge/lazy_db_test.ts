/** A query builder that is loaded when the first query is awaited. */
import { assertEquals, assertRejects } from "@std/assert";
import type { Database } from "../../../shared/insforge/client.ts";
import { createLazyDb } from "../../../shared/insforge/lazy_db.ts";

/** A builder that remembers its calls and resolves to them. */
function createBuilder(calls: unknown[][] = []): unknown {
  return new Proxy({}, {
    get: (_, name) =>
      name === "then"
        ? calls.length === 0 ? undefined : (ok: (value: unknown) => void) => ok({ data: calls })
        : (...args: unknown[]) => createBuilder([...calls, [name, ...args]]),
  });
}

Deno.test("opens the builder once per query, when the query is awaited", async () => {
  let opened = 0;
  const db = createLazyDb(() => {
    opened++;
    return Promise.resolve(createBuilder() as Database);
  });
  const query = db.from("tickets").select("id").limit(5);
  assertEquals(opened, 0);
  const { data } = await query;
  assertEquals(data as unknown, [["from", "tickets"], ["select", "id"], ["limit", 5]]);
  assertEquals(opened, 1);
});

Deno.test("two queries that start alike do not share their steps", async () => {
  const db = createLazyDb(() => Promise.resolve(createBuilder() as Database));
  const tickets = db.from("tickets");
  const [a, b] = await Promise.all([tickets.select("a"), tickets.select("b")]);
  assertEquals(a.data as unknown, [["from", "tickets"], ["select", "a"]]);
  assertEquals(b.data as unknown, [["from", "tickets"], ["select", "b"]]);
});

Deno.test("can itself be awaited, as a handler may return or pass it on", async () => {
  const db = createLazyDb(() => Promise.reject(new Error("opened")));
  assertEquals(typeof (await Promise.resolve(db)).from, "function");
});

Deno.test("rejects the query when the builder cannot be opened, or lacks the method", async () => {
  const broken = createLazyDb(() => Promise.reject(new Error("no such setting")));
  await assertRejects(async () => await broken.from("t").select(), Error, "no such setting");
  const empty = createLazyDb(() => Promise.resolve({} as Database));
  await assertRejects(async () => await empty.from("t").select(), TypeError, "no method from");
});
