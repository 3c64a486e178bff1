/** The ledger as functions call it, on a PostgreSQL server or in the embedded InsForge. */
import { createEmbeddedInsForge } from "../../tools/local/insforge/mod.ts";
import { applyMigrations } from "../../tools/local/migrations.ts";
import { onServer, type Server, startPostgres } from "./postgres.ts";

// deno-lint-ignore no-explicit-any
type Row = Record<string, any>;

/** An empty ledger; each statement runs as `project_admin` in its own transaction. */
export interface Ledger extends AsyncDisposable {
  run(text: string, values?: (string | number | boolean | null)[]): Promise<Row[]>;
}

const ENGINES = [
  { name: "PGlite", ignore: false, open: openEmbeddedLedger },
  { name: "PostgreSQL", ...onServer, open: openServerLedger },
];

/** Registers tests that begin with an empty ledger, on each engine that is installed. */
export function createTester(): (
  sentence: string,
  body: (ledger: Ledger) => Promise<void>,
) => void {
  const ledgers = new Map<string, Ledger>();
  Deno.test.beforeAll(async () => {
    for (const { name, ignore, open } of ENGINES) if (!ignore) ledgers.set(name, await open());
  });
  Deno.test.afterAll(async () => {
    for (const ledger of ledgers.values()) await ledger[Symbol.asyncDispose]();
  });
  return (sentence, body) => {
    for (const { name, ignore } of ENGINES) {
      Deno.test({
        name: `${sentence} (${name})`,
        ignore,
        fn: () => start(body, ledgers.get(name)!),
      });
    }
  };
}

async function start(body: (ledger: Ledger) => Promise<void>, ledger: Ledger): Promise<void> {
  await clear(ledger);
  await body(ledger);
}

/** The ledger in the embedded InsForge. */
export async function openEmbeddedLedger(): Promise<Ledger> {
  const insforge = await createEmbeddedInsForge({ baseUrl: () => "" });
  await applyMigrations(insforge);
  return {
    run: (text, values) => insforge.sql(text, values),
    [Symbol.asyncDispose]: () => insforge.close(),
  };
}

/** A ledger on a separate server, with several connections. */
export async function openServerLedger(connections = 1): Promise<Ledger> {
  await using started = new AsyncDisposableStack();
  const server = started.use(await startPostgres());
  await migrate(server);
  const sql = server.connect("project_admin", connections);
  started.defer(() => sql.end());
  await Promise.all(Array.from({ length: connections }, () => sql`select pg_sleep(0.01)`));
  const stop = started.move();
  return {
    run: async (text, values) => [...await sql.unsafe(text, values)],
    [Symbol.asyncDispose]: () => stop.disposeAsync(),
  };
}

/** Applies the migrations as InsForge does: as `project_admin`, each in one transaction. */
export async function migrate(server: Server): Promise<void> {
  const folder = new URL("../../migrations/", import.meta.url);
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  const sql = server.connect("project_admin");
  for (const file of files) await sql.unsafe(await Deno.readTextFile(new URL(file, folder)));
  await sql.end();
}

/** Deletes all rows. */
export async function clear(ledger: Ledger): Promise<void> {
  await ledger.run(
    "truncate ai_reservations, ai_charges, ai_user_days, ai_project_days, ai_prices, ai_user_keys",
  );
}

/** The arguments of `ai_reserve` besides the limits. */
export interface Demand {
  user: string;
  model: string;
  tokens: number;
  usd: number;
  useKey: boolean;
}

/** The result of `ai_reserve`: one part when the request may start, the other when it may not. */
export interface Answer {
  reservation: string;
  usd_per_token: number | null;
  key: string | null;
  unreconciled: { generation_id: string; model: string }[];
  refused?: string;
  retry_after: number;
  in_flight: boolean;
}

/** Asks whether a request of user `u` may start. */
export async function reserve(
  ledger: Ledger,
  limits: Record<string, number> = {},
  { user = "u", model = "m", tokens = 100, usd = 0.1, useKey = true }: Partial<Demand> = {},
): Promise<Answer> {
  const [{ answer }] = await ledger.run(
    `select ai_reserve(user_id => $1, slug => 'chat', model => $2, tokens => $3::integer,
       usd => $4::numeric, limits => $5::text::jsonb, use_key => $6::boolean) as answer`,
    [user, model, tokens, usd, JSON.stringify(limits), useKey],
  );
  return answer;
}

/** A charge for `ai_settle`: 10 and 5 tokens for 0.1 USD, final, unless `values` differ. */
export function toCharge(values: Row = {}): Row {
  const charge = { model: "m", generation_id: null, prompt_tokens: 10, completion_tokens: 5 };
  return { ...charge, usd: 0.1, final: true, ...values };
}

/** Ends a request. */
export async function settle(
  ledger: Ledger,
  reservation: string,
  charges: Row[],
  reconciled: Row[] = [],
): Promise<void> {
  await ledger.run(
    `select ai_settle(reservation => $1::uuid, charges => $2::text::jsonb,
       reconciled => $3::text::jsonb)`,
    [reservation, JSON.stringify(charges), JSON.stringify(reconciled)],
  );
}

/** Lets a request start and ends it with these charges. */
export async function spend(
  ledger: Ledger,
  charges: Row[],
  demand?: Partial<Demand>,
): Promise<Answer> {
  const answer = await reserve(ledger, {}, demand);
  await settle(ledger, answer.reservation, charges);
  return answer;
}

/** The result of `ai_usage` for a user. */
export async function readUsage(ledger: Ledger, user = "u"): Promise<Row> {
  const [{ usage }] = await ledger.run("select ai_usage(user_id => $1) as usage", [user]);
  return usage;
}

/** Rows whose sums differ from their charges; there must be none. */
export async function findWrongSums(ledger: Ledger): Promise<Row[]> {
  return await ledger.run(`
    with charged as (
      select user_id, day, model, own_key, sum(prompt_tokens) as prompt_tokens,
             sum(completion_tokens) as completion_tokens, sum(usd) as usd
      from ai_charges group by user_id, day, model, own_key
    ),
    requests as (
      select user_id, day, own_key, count(distinct reservation) as requests
      from ai_charges group by user_id, day, own_key
    ),
    counted as (
      select user_id, day, own_key, sum(requests) as requests
      from ai_user_days group by user_id, day, own_key
    ),
    project as (
      select day, sum(requests) as requests, sum(prompt_tokens) as prompt_tokens,
             sum(completion_tokens) as completion_tokens, sum(usd) as usd
      from ai_user_days where not own_key group by day
    )
    select 'user days' as wrong, user_id || ' ' || model as place
    from charged c full join ai_user_days d using (user_id, day, model, own_key)
    where (c.prompt_tokens, c.completion_tokens, c.usd)
      is distinct from (d.prompt_tokens, d.completion_tokens, d.usd)
    union all
    select 'requests', user_id from requests r full join counted c using (user_id, day, own_key)
    where r.requests is distinct from c.requests
    union all
    select 'project days', day::text from project p full join ai_project_days d using (day)
    where (p.requests, p.prompt_tokens, p.completion_tokens, p.usd)
      is distinct from (d.requests, d.prompt_tokens, d.completion_tokens, d.usd)`);
}
