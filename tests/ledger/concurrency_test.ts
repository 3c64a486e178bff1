/** Many at once, on a real server: limits hold to the request, sums to the cent. */
import { assert, assertEquals } from "@std/assert";
import { createRandom } from "../support/hostile_json.ts";
import {
  type Answer,
  clear,
  type Demand,
  findWrongSums,
  type Ledger,
  openServerLedger,
  reserve,
  settle,
  spend,
  toCharge,
} from "../support/ledger.ts";
import { onServer } from "../support/postgres.ts";

const CONNECTIONS = 100;
const SEED = 20_261_121;
const MIXED_CALLS = 3_000;

let ledger: Ledger;
Deno.test.beforeAll(async () => {
  if (!onServer.ignore) ledger = await openServerLedger(CONNECTIONS);
});
Deno.test.afterAll(async () => {
  if (!onServer.ignore) await ledger[Symbol.asyncDispose]();
});

function test(name: string, body: () => Promise<void>): void {
  Deno.test({ name, ...onServer, fn: () => clear(ledger).then(body) });
}

for (
  const [limits, demand] of [
    [{ user_requests_per_minute: 10 }, {}],
    [{ user_tokens_per_day: 1_000 }, { tokens: 100 }],
    [{ user_usd_per_day: 1 }, { usd: 0.1 }],
    [{ user_usd_per_month: 1, user_tokens_per_day: 1e9 }, { usd: 0.1 }],
  ] as [Record<string, number>, Partial<Demand>][]
) {
  const [limit] = Object.keys(limits);

  test(`of 100 requests at once 10 pass ${limit}, where that has room for 10`, async () => {
    const answers = await reserveAtOnce(limits, () => demand);
    assertOnlyTen(answers, limit);
  });
}

for (const limit of ["project_usd_per_day", "project_usd_per_month"]) {
  test(`of 100 users at once 10 pass ${limit}, where that has room for 10`, async () => {
    const answers = await reserveAtOnce({ [limit]: 1, user_requests_per_minute: 3 }, (i) => ({
      user: `user ${i}`,
      usd: 0.1,
    }));
    assertOnlyTen(answers, limit);
  });
}

test("of 100 settlings of one request at once one counts", async () => {
  const { reservation } = await reserve(ledger);
  await Promise.all(
    Array.from({ length: 100 }, () => settle(ledger, reservation, [toCharge({ usd: 1 })])),
  );
  const [{ usd }] = await ledger.run("select usd::float8 from ai_project_days");
  assertEquals([usd, await findWrongSums(ledger)], [1, []]);
});

test("an estimate is handed out to one of 100 requests at once, and corrected once", async () => {
  const estimates = ["a", "b", "c"].map((id) => toCharge({ generation_id: id, final: false }));
  await spend(ledger, estimates);
  // At the ninth try, which is 21 minutes before the next.
  await ledger.run("update ai_charges set next_try_at = now(), tries = 8");
  const answers = await reserveAtOnce({}, () => ({}));
  const handed = answers.flatMap(({ unreconciled }) => unreconciled);
  assertEquals(handed.map(({ generation_id }) => generation_id).sort(), ["a", "b", "c"]);

  const real = JSON.stringify(estimates.map((charge) => ({ ...charge, usd: 0.5 })));
  const reconcile = () => ledger.run("select ai_reconcile($1::text::jsonb)", [real]);
  await Promise.all(Array.from({ length: 20 }, reconcile));
  const [{ usd }] = await ledger.run("select usd::float8 from ai_user_days");
  assertEquals([usd, await findWrongSums(ledger)], [1.5, []]);
});

test(`${MIXED_CALLS} mixed calls of some users at once never wait for each other forever`, async () => {
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
  const request = async () => {
    const answer = await reserve(ledger, limits, { user: `user ${pick(4)}`, model: "model 0" });
    const earlier = Array.from({ length: pick(4) }, () => charge(`g${calls - pick(30)}`));
    const charges = Array.from({ length: pick(6) }, () => charge(`g${calls + pick(9)}`));
    await settle(ledger, answer.reservation, charges, earlier);
    calls += 2;
    if (pick(5) === 0) {
      await makeDue();
      const [{ due }] = await ledger.run("select ai_sweep(20) as due");
      const real = due.map(({ generation_id }: { generation_id: string }) => charge(generation_id));
      await ledger.run("select ai_reconcile($1::text::jsonb)", [JSON.stringify(real)]);
      calls += 3;
    }
  };
  const client = async () => {
    while (calls < MIXED_CALLS) await request();
  };
  await Promise.all(Array.from({ length: 40 }, client));

  assertEquals(await findWrongSums(ledger), [], `seed ${SEED}`);
  const [{ estimated, final }] = await ledger.run(
    `select count(*) filter (where final)::integer as final,
       count(*) filter (where not final)::integer as estimated from ai_charges`,
  );
  assert(final > 0 && final + estimated > MIXED_CALLS / 4, `${final} final, ${estimated} not`);
});

/** Lets the time come at which to ask for what was only estimated, with locks in the ledger's order. */
async function makeDue(): Promise<void> {
  await ledger.run(`
    with pending as (
      select id from ai_charges where next_try_at is not null order by id for update
    )
    update ai_charges c set next_try_at = now() from pending where c.id = pending.id`);
}

async function reserveAtOnce(
  limits: Record<string, number>,
  toDemand: (i: number) => Partial<Demand>,
): Promise<Answer[]> {
  const demands = Array.from({ length: 100 }, (_, i) => toDemand(i));
  return await Promise.all(demands.map((demand) => reserve(ledger, limits, demand)));
}

function assertOnlyTen(answers: Answer[], limit: string): void {
  const refused = answers.filter((answer) => answer.refused);
  assertEquals([answers.length - refused.length, refused.length], [10, 90]);
  for (const answer of refused) {
    assertEquals(answer.refused, limit);
    assert(answer.retry_after >= 1 && answer.retry_after <= 60, `${answer.retry_after}`);
  }
}
