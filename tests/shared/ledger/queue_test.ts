/** Group commit: what waits goes to the database together, and at most two calls are in flight. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import {
  flushLedger,
  PricesMissing,
  queueOf,
  type Settlement,
} from "../../../shared/ledger/queue.ts";
import type { Limits } from "../../../shared/ledger/limits.ts";
import { createSettings } from "../../../shared/settings.ts";
import { API_KEY, createEnvironment } from "../../support/caller.ts";

interface Sent {
  limits: object;
  reservations: { id: number }[];
  ended: { id: string; user_id: string }[];
  charges: { id?: number; user_id: string }[];
}

/** A database whose responses the test releases one by one. */
function createDatabase() {
  const calls: { sent: Sent; answer(status: number, body: unknown): void }[] = [];
  const waiting: (() => void)[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    const sent = await request.json();
    calls.push({ sent, answer: (status, body) => resolve(Response.json(body, { status })) });
    waiting.shift()?.();
    return await promise;
  });
  const settings = createSettings(createEnvironment({
    ...{ API_KEY, INSFORGE_BASE_URL: `http://127.0.0.1:${server.addr.port}` },
  }));
  let next = 0;
  return {
    queue(limits: Limits = NO_LIMITS) {
      const terms = { limits, withoutPrices: false };
      return {
        reserve: (reservation: { id: number }) => queueOf(settings).reserve(reservation, terms),
        settle: (settlement: Settlement) => queueOf(settings).settle(settlement, terms),
      };
    },
    calls,
    /** The next call; waits for it. */
    async take() {
      if (calls.length <= next) await new Promise<void>((resolve) => waiting.push(resolve));
      return calls[next++]!;
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const NO_LIMITS = {};
const committed = (decisions: unknown = [], rest = {}) => ({
  ...{ decisions, look_ups: [], prices_due: false, ...rest },
});
const charge = (user_id: string, id = 0) => ({ charges: [{ id, user_id }] });

Deno.test("sends all that waits behind a larger call in one call, when the larger one has ended", async () => {
  await using database = createDatabase();
  const { queue } = database;
  const first = Array.from({ length: 101 }, (_, i) => queue().reserve({ id: -i }));
  const call = await database.take();
  const others = Array.from({ length: 99 }, (_, i) => queue().reserve({ id: i + 1 }));
  const settled = queue().settle({ ended: { id: "r", user_id: "u" }, charges: [] });
  call.answer(200, committed(first.map(() => null)));
  for (const { decision } of await Promise.all(first)) assertEquals(decision, { payer: "project" });

  const { sent, answer } = await database.take();
  assertEquals([sent.reservations.length, sent.ended], [99, [{ id: "r", user_id: "u" }]]);
  answer(200, committed(sent.reservations.map(({ id }) => id % 2 ? null : { key: `key ${id}` })));
  await settled;
  for (const [i, { decision }] of (await Promise.all(others)).entries()) {
    assertEquals(
      decision,
      (i + 1) % 2 ? { payer: "project" } : { payer: "user", key: `key ${i + 1}` },
    );
  }
  assertEquals(database.calls.length, 2);
});

Deno.test("opens a second call for reservations once as many entries wait as the first has, and no third", async () => {
  await using database = createDatabase();
  const { queue } = database;
  const turn = () => new Promise((resolve) => setTimeout(resolve));
  const settle = () => queue().settle(charge("u"));
  const all: Promise<unknown>[] = [settle(), settle()];
  const first = await database.take();
  for (let i = 0; i < 3; i++) {
    all.push(settle());
    await turn();
  }
  all.push(queue().reserve({ id: 1 }));
  const second = await database.take();
  assertEquals([first, second].map(({ sent }) => sent.charges.length), [2, 3]);
  assertEquals(second.sent.reservations.length, 1);

  for (let id = 2; id < 12; id++) {
    all.push(queue().reserve({ id }));
    await turn();
  }
  second.answer(200, committed([null]));
  const third = await database.take();
  assertEquals(third.sent.reservations.length, 10);
  first.answer(200, committed());
  third.answer(200, committed(third.sent.reservations.map(() => null)));
  await Promise.all(all);
  await flushLedger();
  assertEquals(database.calls.length, 3);
});

Deno.test("sends what is added in one turn together after a large batch, and at once after a small one", async () => {
  await using database = createDatabase();
  const { queue } = database;
  const sizes = [];
  for (const size of [9, 8]) {
    const batch = Array.from({ length: size }, () => queue().settle(charge("u")));
    (await database.take()).answer(200, committed());
    await Promise.all(batch);
    const all = [queue().settle(charge("u"))];
    await Promise.resolve().then(() => {}).then(() => {});
    all.push(queue().settle(charge("u")));
    for (let left = 2; left > 0;) {
      const { sent, answer } = await database.take();
      sizes.push(sent.charges.length);
      left -= sent.charges.length;
      answer(200, committed());
    }
    await Promise.all(all);
  }
  assertEquals(sizes, [2, 1, 1]);
});

Deno.test("settlements gather for 10 ms after a batch of many, and a reservation takes them along in the next turn", async () => {
  await using database = createDatabase();
  const { queue } = database;
  const batch = Array.from({ length: 9 }, () => queue().settle(charge("u")));
  (await database.take()).answer(200, committed());
  await Promise.all(batch);
  const delays: unknown[] = [];
  const { setTimeout } = globalThis;
  globalThis.setTimeout = ((run: () => void, ms?: number) => {
    delays.push(ms);
    return setTimeout(run, ms);
  }) as typeof setTimeout;
  let all: Promise<unknown>[];
  try {
    all = [queue().settle(charge("u")), queue().settle(charge("u")), queue().reserve({ id: 1 })];
  } finally {
    globalThis.setTimeout = setTimeout;
  }
  assertEquals(delays, [10, 0]);
  const { sent, answer } = await database.take();
  assertEquals([sent.charges.length, sent.reservations.length], [2, 1]);
  answer(200, committed([null]));
  await Promise.all(all);
});

Deno.test("sends entries with other limits in batches of their own, in the order of their arrival", async () => {
  await using database = createDatabase();
  const { queue } = database;
  const low = { user_tokens_per_day: 1 };
  const high = { user_tokens_per_day: 2 };
  const all = [low, low, low, high, low].map((limits, id) => queue(limits).reserve({ id }));
  for (const [limits, ids] of [[low, [0, 1, 2]], [high, [3]], [low, [4]]] as const) {
    const { sent, answer } = await database.take();
    assertEquals([sent.limits, sent.reservations.map(({ id }) => id)], [limits, [...ids]]);
    answer(200, committed(ids.map(() => null)));
  }
  await Promise.all(all);
});

Deno.test("settles twice when the first attempt fails, with the same content", async () => {
  await using database = createDatabase();
  const settled = database.queue().settle(charge("u"));
  const first = await database.take();
  first.answer(502, { error: "UPSTREAM" });
  const second = await database.take();
  second.answer(200, committed());
  await settled;
  assertEquals(first.sent, second.sent);

  const failing = database.queue().settle(charge("u"));
  for (let i = 0; i < 2; i++) (await database.take()).answer(502, {});
  await assertRejects(() => failing, ApiError);
});

Deno.test("sends what waited with a rejected entry again, each by itself", async () => {
  await using database = createDatabase();
  const { queue } = database;
  const all = [queue().reserve({ id: 1 }), queue().reserve({ id: 2 }), queue().settle(charge("u"))];
  const results = Promise.allSettled(all);
  (await database.take()).answer(400, { code: "22P02", message: "invalid input" });
  const answers = [
    [200, committed([null])],
    [400, { code: "22P02" }],
    [400, { code: "22P02" }],
    [200, committed()],
  ] as const;
  for (const [status, body] of answers) {
    const { sent, answer } = await database.take();
    assertEquals(sent.reservations.length + sent.charges.length, 1);
    answer(status, body);
  }
  assertEquals((await results).map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  assertEquals(database.calls.length, 5);
});

Deno.test("returns 429 with Retry-After when a lock is not granted in time", async () => {
  await using database = createDatabase();
  for (const code of ["55P03", "40P01"]) {
    const reserved = database.queue().reserve({ id: 1 });
    (await database.take()).answer(500, { code, message: "canceling statement" });
    const error = await assertRejects(() => reserved, ApiError);
    assertEquals([error.status, error.code, error.retryAfterSeconds], [429, "RATE_LIMITED", 2]);
  }
});

Deno.test("hands look-ups to the settlement of the same user, and due prices to one caller", async () => {
  await using database = createDatabase();
  const { queue } = database;
  const due = (user_id: string) => ({ generation_id: `of ${user_id}`, user_id, own_key: false });
  const all = ["u", "u", "v", "w"].map((user) => queue().settle(charge(user)));
  const look_ups = [due("v"), due("u")];
  (await database.take()).answer(200, committed([], { look_ups, prices_due: true }));
  const reports = await Promise.all(all);
  assertEquals(reports.map(({ lookUps }) => lookUps), [[due("u")], [], [due("v")], []]);
  assertEquals(reports.map(({ pricesDue }) => pricesDue), [true, false, false, false]);
});

Deno.test("rejects reservations, and no settlement, when the ledger has no prices", async () => {
  await using database = createDatabase();
  const reserved = database.queue().reserve({ id: 1 });
  const settled = database.queue().settle(charge("u"));
  const rejected = assertRejects(() => reserved, PricesMissing);
  (await database.take()).answer(200, committed("prices_missing"));
  await Promise.all([rejected, settled]);
});

Deno.test("throws 502, and sends a settlement once more, when ai_commit returns something else", async () => {
  await using database = createDatabase();
  const { queue } = database;
  const failing = [queue().reserve({ id: 1 }), queue().settle(charge("u"))].map((entry) =>
    assertRejects(() => entry, ApiError)
  );
  for (const reservations of [1, 0]) {
    const { sent, answer } = await database.take();
    assertEquals([sent.reservations.length, sent.charges.length], [reservations, 1]);
    answer(200, { decisions: [{ refused: "unknown" }] });
  }
  for (const { status, code, message } of await Promise.all(failing)) {
    const expected = "The database's routine ai_commit returned an unexpected value";
    assertEquals([status, code, message], [502, "UPSTREAM_FAILURE", expected]);
  }
});

Deno.test("flushLedger waits for everything that waits in this isolate", async () => {
  await using database = createDatabase();
  const settled: string[] = [];
  for (const user of ["u", "v"]) {
    database.queue().settle(charge(user)).then(() => settled.push(user));
  }
  const flushed = flushLedger().then(() => assert(settled.length === 2));
  (await database.take()).answer(200, committed());
  await flushed;
  await flushLedger();
});
