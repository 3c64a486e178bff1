import { assertEquals, assertRejects } from "@std/assert";
import { mapConcurrently } from "../../shared/concurrency.ts";

Deno.test("mapConcurrently keeps the order of its items, whatever order they end in", async () => {
  const gates = [1, 2, 3].map(() => Promise.withResolvers<void>());
  const results = mapConcurrently(["a", "b", "c"], 3, async (item, { index }) => {
    await gates[index]!.promise;
    return `${item}${index}`;
  });
  for (const gate of gates.toReversed()) gate.resolve();
  assertEquals(await results, ["a0", "b1", "c2"]);
});

for (const limit of [1, 2, 4, 100]) {
  Deno.test(`mapConcurrently keeps exactly ${limit} items in flight while enough are left`, async () => {
    let inFlight = 0;
    let most = 0;
    const items = Array.from({ length: 20 }, (_, i) => i);
    const results = await mapConcurrently(items, limit, async (item) => {
      most = Math.max(most, ++inFlight);
      for (let turn = 0; turn <= item % 3; turn++) await Promise.resolve();
      inFlight--;
      return item * 2;
    });
    assertEquals(results, items.map((item) => item * 2));
    assertEquals(most, Math.min(limit, items.length));
  });
}

Deno.test("mapConcurrently returns an empty list for an empty list", async () => {
  const asked = () => Promise.reject(new Error("must not be called"));
  assertEquals(await mapConcurrently([], 4, asked), []);
});

Deno.test("mapConcurrently starts no item after a failure and awaits those in flight", async () => {
  const slow = Promise.withResolvers<void>();
  const started: number[] = [];
  const ended: number[] = [];
  const all = mapConcurrently([0, 1, 2, 3, 4], 3, async (item) => {
    started.push(item);
    if (item === 0) throw new Error("first");
    await slow.promise;
    ended.push(item);
    if (item === 1) throw new Error("second");
  });
  let settled = false;
  const watched = all.finally(() => settled = true).catch(() => {});
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  assertEquals(settled, false);
  slow.resolve();
  await assertRejects(() => all, Error, "first");
  await watched;
  assertEquals([started, ended], [[0, 1, 2], [1, 2]]);
});

Deno.test("mapConcurrently handles a synchronous throw", async () => {
  const refuse = (item: string): Promise<string> => {
    throw new RangeError(item);
  };
  await assertRejects(() => mapConcurrently(["x"], 2, refuse), RangeError, "x");
});

Deno.test("mapConcurrently aborts the items in flight when another item fails", async () => {
  const failure = new Error("first");
  const reasons: unknown[] = [];
  const all = mapConcurrently([0, 1, 2], 3, async (item, { signal }) => {
    if (item === 0) throw failure;
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => {
        reasons.push(signal.reason);
        resolve();
      });
    });
  });
  await assertRejects(() => all, Error, "first");
  assertEquals(reasons, [failure, failure]);
});
