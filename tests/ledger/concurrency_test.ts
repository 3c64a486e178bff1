/** Many requests at once on a real server: limits hold exactly, sums agree to the cent. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createRandom } from "../support/hostile_json.ts";
import {
  clear,
  commit,
  type Decision,
  type Demand,
  findWrongSums,
  type Ledger,
  openServerLedger,
  reconcile,
  reservationOf,
  reserve,
  type ServerLedger,
  settle,
  spend,
  toCharge,
} from "../support/ledger.ts";
import { onServer } from "../support/postgres.ts";

const CONNECTIONS = 100;
const PROCESSES = 4;
const SEED = 20_261_121;
const MIXED_CALLS = 3_000;

let server: ServerLedger;
/** The same ledger for tests in which everything waits for everything else. */
const ledger: Ledger = {
  run: (text, values) => repeatWithoutLock(() => server.run(text, values)),
  [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
};
Deno.test.beforeAll(async () => {
  if (!onServer.ignore) server = await openServerLedger(CONNECTIONS);
});
Deno.test.afterAll(async () => {
  if (!onServer.ignore) await server[Symbol.asyncDispose]();
});

/** Repeats a call that did not get a lock within a second, as may happen on a slow machine. */
async function repeatWithoutLock<T>(run: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await run();
    } catch (thrown) {
      if ((thrown as { code?: string }).code !== "55P03") throw thrown;
    }
  }
}

function test(name: string, body: () => Promise<void>): void {
  Deno.test({ name, ...onServer, fn: () => clear(ledger).then(body) });
}

const LIMITS: [limits: Record<string, number>, demand: Partial<Demand>][] = [
  [{ user_requests_per_minute: 10 }, {}],
  [{ user_tokens_per_day: 1_000 }, { tokens: 100 }],
  [{ user_usd_per_day: 1 }, { usd: 0.1 }],
  [{ user_usd_per_month: 1, user_tokens_per_day: 1e9 }, { usd: 0.1 }],
  [{ project_usd_per_day: 1 }, { usd: 0.1 }],
  [{ project_usd_per_month: 1, user_requests_per_minute: 1_000 }, { usd: 0.1 }],
];

for (const [limits, demand] of LIMITS) {
  const [limit] = Object.keys(limits);
  for (const users of [1, 100]) {
    if (users > 1 && !limit!.startsWith("project")) continue;
    const whose = users === 1 ? "one user" : `${users} users`;
    const toDemand = (i: number) => ({ ...demand, user: `user ${i % users}` });

    test(`lets 10 of 100 requests of ${whose} start at once when ${limit} has room for 10`, async () => {
      const decisions = await Promise.all(
        Array.from({ length: 100 }, (_, i) => reserve(ledger, limits, toDemand(i))),
      );
      assertEquals(count(decisions), [10, 90]);
      assertEquals(await findWrongSums(ledger), []);
    });

    test(`lets 10 of 100 requests of ${whose} start in batches of ${PROCESSES} processes when ${limit} has room for 10`, async () => {
      const batches = await Promise.all(
        Array.from({ length: PROCESSES }, async (_, process) => {
          const reservations = Array.from(
            { length: 100 / PROCESSES },
            (_, i) => reservationOf(toDemand(i * PROCESSES + process)),
          );
          return (await commit(ledger, limits, { reservations })).decisions;
        }),
      );
      assertEquals(count(batches.flat()), [10, 90]);
      assertEquals(await findWrongSums(ledger), []);
    });
  }
}

test("keeps a project's limit exact while requests of many sizes start and end", async () => {
  const limits = { project_usd_per_day: 5, project_usd_per_month: 6 };
  const random = createRandom(SEED);
  let refused = 0;
  const client = async (user: string) => {
    for (let i = 0; i < 40; i++) {
      const usd = Math.ceil(random() * 50) / 1_000;
      const decision = await reserve(ledger, limits, { user, usd });
      if (decision.refused) refused++;
      else await settle(ledger, decision, [toCharge({ usd: usd * random() })], limits);
    }
  };
  await Promise.all(Array.from({ length: 12 }, (_, i) => client(`user ${i}`)));
  const [sums] = await ledger.run(
    "select day_usd::float8, held_usd::float8 from ai_project_sums(ai_today())",
  );
  assert(sums!.day_usd <= 5, `${sums!.day_usd}`);
  assert(refused > 0, "the limit was reached");
  assertEquals(await findWrongSums(ledger), [], `seed ${SEED}`);
});

test("counts one of 100 settlements of one request at once", async () => {
  const decision = await reserve(ledger, { user_usd_per_day: 100 });
  await Promise.all(
    Array.from({ length: 100 }, () => settle(ledger, decision, [toCharge({ usd: 1 })])),
  );
  const [row] = await ledger.run("select sum(usd)::float8 as usd from ai_project_days");
  assertEquals([row!.usd, await findWrongSums(ledger)], [1, []]);
});

test("hands an estimate out to one of 100 requests at once, and corrects it once", async () => {
  const estimates = ["a", "b", "c"].map((id) => toCharge({ generation_id: id, final: false }));
  await spend(ledger, estimates);
  // At the ninth try, which is 21 minutes before the next.
  await ledger.run("update ai_charges set next_try_at = now(), tries = 8");
  const ended = () => [{ id: crypto.randomUUID(), user_id: "u" }];
  const results = await Promise.all(
    Array.from({ length: 100 }, () => commit(ledger, {}, { ended: ended() })),
  );
  const handed = results.flatMap(({ look_ups }) => look_ups);
  assertEquals(handed.map(({ generation_id }) => generation_id).sort(), ["a", "b", "c"]);

  const real = estimates.map((charge) => ({ ...charge, usd: 0.5 }));
  await Promise.all(Array.from({ length: 20 }, () => reconcile(ledger, real)));
  const [row] = await ledger.run("select sum(usd)::float8 as usd from ai_user_days");
  assertEquals([row!.usd, await findWrongSums(ledger)], [1.5, []]);
});

test("gives up on a lock after a second, and releases what it holds", async () => {
  await reserve(server, { user_usd_per_day: 1 });
  const blocked = await server.hold("select from ai_user_totals where user_id = 'u' for update");
  try {
    const error = await assertRejects(() => reserve(server, { user_usd_per_day: 1 }), Error);
    assertEquals((error as Error & { code: string }).code, "55P03");
    const other = await reserve(server, { user_usd_per_day: 1 }, { user: "another" });
    assertEquals(other.refused, undefined);
  } finally {
    await blocked.release();
  }
  assertEquals((await reserve(server, { user_usd_per_day: 1 })).refused, undefined);
});

test("waits for a charge to look up before it locks a row of the project", async () => {
  const pending = toCharge({ generation_id: "pending", final: false });
  await spend(server, [pending]);
  await makeDue();
  const decision = await reserve(server);
  const blocked = await server.hold("select from ai_charges for update");
  const settled = settle(server, decision, [toCharge()]);
  settled.catch(() => {}); // it is awaited below
  try {
    const until = Date.now() + 10_000;
    for (let waiting = 0; waiting === 0;) {
      assert(Date.now() < until, "no call waits for a lock");
      const [row] = await server.run(
        "select count(*)::integer as n from pg_locks where not granted",
      );
      waiting = row!.n;
    }
    // It locks all rows of the project, because the limit is new.
    const other = await reserve(server, { project_usd_per_day: 1 }, { user: "another" });
    assertEquals(other.refused, undefined);
  } finally {
    await blocked.release();
    await settled;
  }
});

test(`ends ${MIXED_CALLS} mixed calls of a few users at once without a deadlock`, async () => {
  const limits = {
    ...{ user_requests_per_minute: 1e6, user_tokens_per_day: 1e9, user_usd_per_day: 1e6 },
    ...{ user_usd_per_month: 1e6, project_usd_per_day: 1e6, project_usd_per_month: 1e6 },
  };
  await ledger.run("insert into ai_user_keys (user_id, key) values ('user 0', 'sealed')");
  const random = createRandom(SEED);
  const pick = (count: number) => Math.floor(random() * count);
  const charge = (id: string) =>
    toCharge({
      ...{ model: `model ${pick(5)}`, generation_id: id, final: pick(2) === 0 },
      ...{ prompt_tokens: pick(1_000), completion_tokens: pick(1_000), usd: pick(1_000) / 1_000 },
    });
  let calls = 0;
  const batch = async () => {
    const reservations = Array.from(
      { length: 1 + pick(3) },
      () => reservationOf({ user: `user ${pick(4)}`, model: "model 0" }),
    );
    const { decisions } = await commit(ledger, limits, { reservations });
    const charges = reservations.flatMap(({ id, user_id }, i) =>
      Array.from({ length: pick(3) }, (_, number) => ({
        ...charge(`g${calls + pick(9)}`),
        ...{ reservation: id, number, user_id, own_key: decisions[i]?.key !== undefined },
      }))
    );
    await commit(ledger, limits, { ended: reservations, charges });
    await reconcile(ledger, Array.from({ length: pick(4) }, () => charge(`g${calls - pick(30)}`)));
    calls += 3;
    if (pick(5) === 0) {
      await makeDue();
      const [row] = await ledger.run("select ai_sweep(20) as due");
      const due = row!.due as { generation_id: string }[];
      await reconcile(ledger, due.map(({ generation_id }) => charge(generation_id)));
      calls += 3;
    }
  };
  const client = async () => {
    while (calls < MIXED_CALLS) await batch();
  };
  await Promise.all(Array.from({ length: 40 }, client));

  assertEquals(await findWrongSums(ledger), [], `seed ${SEED}`);
  const [row] = await ledger.run(
    `select count(*) filter (where final)::integer as final,
       count(*) filter (where not final)::integer as estimated from ai_charges`,
  );
  const { final, estimated } = row!;
  assert(final > 0 && final + estimated > MIXED_CALLS / 4, `${final} final, ${estimated} not`);
});

/** Makes all estimates due, with locks in the ledger's order. */
async function makeDue(): Promise<void> {
  await ledger.run(`
    with pending as (
      select reservation, number from ai_charges where next_try_at is not null
      order by reservation, number for update
    )
    update ai_charges c set next_try_at = now() from pending p
    where (c.reservation, c.number) = (p.reservation, p.number)`);
}

/** How many may start, and how many are refused. */
function count(decisions: (Partial<Decision> | null)[]): [started: number, refused: number] {
  const refused = decisions.filter((decision) => decision?.refused !== undefined);
  for (const { refused: reason } of refused as Decision[]) {
    assert(reason === "in_flight" || reason === "user_requests_per_minute", reason);
  }
  return [decisions.length - refused.length, refused.length];
}
