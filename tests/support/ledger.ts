/** The ledger as functions call it, on a PostgreSQL server or in the embedded InsForge. */
import { createEmbeddedInsForge } from "../../tools/local/insforge/mod.ts";
import { applyMigrations } from "../../tools/local/migrations.ts";
import type { Sql } from "postgres";
import { onServer, type Server, startPostgres } from "./postgres.ts";

// deno-lint-ignore no-explicit-any
type Row = Record<string, any>;

/** An empty ledger; each statement runs as `project_admin` in its own transaction. */
export interface Ledger extends AsyncDisposable {
  run(text: string, values?: (string | number | boolean | null)[]): Promise<Row[]>;
}

/** A ledger on a server of its own. */
export interface ServerLedger extends Ledger {
  /** Runs a statement in a transaction that stays open until it is released. */
  hold(text: string): Promise<{ release(): Promise<void> }>;
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
export async function openServerLedger(connections = 1): Promise<ServerLedger> {
  await using started = new AsyncDisposableStack();
  const server = started.use(await startPostgres());
  await migrate(server);
  const sql = server.connect("project_admin", connections);
  started.defer(() => sql.end());
  await Promise.all(Array.from({ length: connections }, () => sql`select pg_sleep(0.01)`));
  const stop = started.move();
  return {
    run: async (text, values) => [...await sql.unsafe(text, values)],
    async hold(text) {
      const connection = await sql.reserve();
      await connection.unsafe("begin");
      await connection.unsafe(text);
      return {
        async release() {
          await connection.unsafe("rollback");
          connection.release();
        },
      };
    },
    [Symbol.asyncDispose]: () => stop.disposeAsync(),
  };
}

/** Applies the migrations as InsForge does: as `project_admin`, each in one transaction. */
export async function migrate(server: Server): Promise<void> {
  const sql = server.connect("project_admin");
  for (const file of listMigrations()) await applyMigration(sql, file);
  await sql.end();
}

const MIGRATIONS = new URL("../../migrations/", import.meta.url);

/** The names of the migrations, in their order. */
export function listMigrations(): string[] {
  return [...Deno.readDirSync(MIGRATIONS)].map(({ name }) => name).sort();
}

/** Applies one migration. */
export async function applyMigration(sql: Sql, file: string): Promise<void> {
  await sql.unsafe(await Deno.readTextFile(new URL(file, MIGRATIONS)));
}

/** Empties the ledger. */
export async function clear(ledger: Ledger): Promise<void> {
  await ledger.run(`
    truncate ai_reservations, ai_charges, ai_user_days, ai_project_days, ai_prices, ai_user_keys,
             ai_user_totals`);
  await ledger.run(`
    update ai_project_totals
    set day = ai_today(), day_usd = 0, month_usd = 0, held_usd = 0, free_usd = 0, free_of = ''`);
  await ledger.run("update ai_price_list set read_at = null, asked_at = null");
}

/** What a reservation asks for. */
export interface Demand {
  user: string;
  model: string;
  tokens: number;
  usd: number;
  useKey: boolean;
  /** Whether it counts for the limit of requests per minute. */
  counts: boolean;
}

/** A decision of `ai_commit`, with the id of the reservation. */
export interface Decision {
  id: string;
  user: string;
  key?: string;
  refused?: string;
  retry_after?: number;
  in_flight?: boolean;
  usd?: number;
  left_usd?: number;
}

/** A reservation as `ai_commit` takes it: user `u`, 100 tokens and 0.1 USD unless given. */
export function reservationOf(
  { user = "u", model = "m", tokens = 100, usd = 0.1, useKey = true, counts = true }: Partial<
    Demand
  > = {},
) {
  const id = crypto.randomUUID();
  return { id, user_id: user, slug: "chat", model, tokens, usd, use_key: useKey, counts };
}

/** What `ai_commit` takes beside the limits. */
export interface Batch {
  reservations?: Row[];
  ended?: Row[];
  charges?: Row[];
  /** Whether reservations wait for the price catalogue when there is none. */
  needPrices?: boolean;
}

/** Calls a routine by the names of its arguments, as PostgREST does. */
export async function callRoutine(
  { run }: Pick<Ledger, "run">,
  name: string,
  args: Record<string, unknown>,
): Promise<unknown> {
  const entries = Object.entries(args);
  const list = entries.map(([key, value], i) => `${key} => $${i + 1}${toCast(value)}`);
  const values = entries.map(([, value]) =>
    typeof value === "object" ? JSON.stringify(value) : value as string | number | boolean
  );
  const [row] = await run(`select ${name}(${list.join()}) as result`, values);
  return row!.result;
}

/** Serves the routines of a ledger as InsForge does, at a URL of its own. */
export function serveRoutines(ledger: Pick<Ledger, "run">): AsyncDisposable & { url: string } {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const name = new URL(request.url).pathname.replace("/api/database/rpc/", "");
    try {
      return Response.json(await callRoutine(ledger, name, await request.json()));
    } catch (failure) {
      const { code, message } = failure as { code?: string; message: string };
      return Response.json({ code, message }, { status: 500 });
    }
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** The type of an argument, which PostgREST takes from the routine. */
function toCast(value: unknown): string {
  return typeof value === "object" ? "::text::jsonb" : "";
}

/** Calls `ai_commit`. */
export async function commit(
  ledger: Ledger,
  limits: Record<string, number>,
  { reservations = [], ended = [], charges = [], needPrices = false }: Batch,
): Promise<Row> {
  const [row] = await ledger.run(
    `select ai_commit($1::text::jsonb, $2::text::jsonb, $3::text::jsonb, $4::text::jsonb,
       $5::boolean) as result`,
    [
      ...[limits, reservations, ended, charges].map((value) => JSON.stringify(value)),
      !needPrices,
    ],
  );
  return row!.result;
}

/** Asks whether a request may start. */
export async function reserve(
  ledger: Ledger,
  limits: Record<string, number> = {},
  demand: Partial<Demand> = {},
): Promise<Decision> {
  const reservation = reservationOf(demand);
  const { decisions } = await commit(ledger, limits, { reservations: [reservation] });
  return { id: reservation.id, user: reservation.user_id, ...decisions[0] };
}

/** A charge as `ai_commit` takes it: 10 and 5 tokens for 0.1 USD of user `u`, final, unless given. */
export function toCharge(values: Row = {}): Row {
  return {
    ...{ reservation: crypto.randomUUID(), number: 0, user_id: "u", slug: "chat", model: "m" },
    ...{ own_key: false, generation_id: null, prompt_tokens: 10, completion_tokens: 5 },
    ...{ usd: 0.1, final: true, ...values },
  };
}

/** Ends a request that was let through. */
export async function settle(
  ledger: Ledger,
  { id, user, key }: Pick<Decision, "id" | "user" | "key">,
  charges: Row[],
  limits: Record<string, number> = {},
): Promise<Row> {
  return await commit(ledger, limits, {
    ended: [{ id, user_id: user }],
    charges: charges.map((charge, number) => ({
      ...{ ...charge, reservation: id, number, user_id: user, own_key: key !== undefined },
    })),
  });
}

/** Lets a request start and ends it with these charges. */
export async function spend(
  ledger: Ledger,
  charges: Row[],
  demand?: Partial<Demand>,
): Promise<Decision> {
  const decision = await reserve(ledger, {}, demand);
  await settle(ledger, decision, charges);
  return decision;
}

/** Replaces estimates by the gateway's records. */
export async function reconcile(ledger: Ledger, records: unknown[]): Promise<void> {
  await ledger.run("select ai_reconcile($1::text::jsonb)", [JSON.stringify(records)]);
}

/** The result of `ai_usage` for a user. */
export async function readUsage(ledger: Ledger, user = "u"): Promise<Row> {
  const { usage } = (await ledger.run("select ai_usage(user_id => $1) as usage", [user]))[0]!;
  return usage;
}

/** Where sums and charges disagree: nowhere, if all is well. */
export async function findWrongSums(ledger: Ledger): Promise<Row[]> {
  return await ledger.run(`
    with charged as (
      select user_id, day, model, own_key, sum(prompt_tokens) as prompt_tokens,
             sum(completion_tokens) as completion_tokens, sum(usd) as usd,
             coalesce(sum(usd) filter (where not final), 0) as unconfirmed_usd
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
    totals as (
      select user_id, coalesce(c.day_tokens, 0) as day_tokens, coalesce(c.day_usd, 0) as day_usd,
             coalesce(c.month_usd, 0) as month_usd, coalesce(c.unconfirmed_usd, 0) as unconfirmed_usd,
             coalesce(r.held_tokens, 0) as held_tokens, coalesce(r.held_usd, 0) as held_usd
      from ai_user_totals
      left join (
        select user_id, sum(usd) as month_usd, sum(usd) filter (where day = ai_today()) as day_usd,
               sum(prompt_tokens + completion_tokens) filter (where day = ai_today()) as day_tokens,
               sum(project_usd) filter (where not final) as unconfirmed_usd
        from ai_charges where not own_key and day >= date_trunc('month', ai_today())
        group by user_id
      ) c using (user_id)
      left join (
        select user_id, sum(held_tokens) as held_tokens, sum(held_usd) as held_usd
        from ai_reservations group by user_id
      ) r using (user_id)
    ),
    charged_project as (
      select day, sum(project_usd) as usd from ai_charges where not own_key group by day
    ),
    counted_project as (
      select day, sum(usd) as usd from ai_project_days group by day
    )
    select 'user days' as wrong, user_id || ' ' || model as place
    from charged c full join ai_user_days d using (user_id, day, model, own_key)
    where (c.prompt_tokens, c.completion_tokens, c.usd, c.unconfirmed_usd)
      is distinct from (d.prompt_tokens, d.completion_tokens, d.usd, d.unconfirmed_usd)
    union all
    select 'requests', user_id from requests r full join counted c using (user_id, day, own_key)
    where r.requests is distinct from c.requests
    union all
    select 'user totals', user_id from ai_user_totals t full join totals s using (user_id)
    where t.day = ai_today() and
      (t.day_tokens, t.day_usd, t.month_usd, t.month_unconfirmed_usd, t.held_tokens, t.held_usd)
      is distinct from
      (s.day_tokens, s.day_usd, s.month_usd, s.unconfirmed_usd, s.held_tokens, s.held_usd)
    union all
    select 'project days', day::text from charged_project p full join counted_project c using (day)
    where p.usd is distinct from c.usd
    union all
    select 'project totals', sums::text
    from ai_project_sums(ai_today()) as sums
    where (sums.day_usd, sums.month_usd, sums.held_usd) is distinct from (
      (select coalesce(sum(usd), 0) from counted_project where day = ai_today()),
      (select coalesce(sum(usd), 0) from counted_project
       where day >= date_trunc('month', ai_today())),
      (select coalesce(sum(held_usd), 0) from ai_reservations)
    )
    union all
    select 'free for the project', t.free_of
    from (
      select free_of, sum(free_usd) as usd, string_to_array(free_of, '|') as parts
      from ai_project_totals where free_of <> '' group by free_of
    ) t, ai_project_sums(ai_today()) s
    where t.parts[1] = ai_today()::text and array_length(t.parts, 1) = 3 and t.usd > least(
      t.parts[2]::numeric - s.day_usd, t.parts[3]::numeric - s.month_usd
    ) - s.held_usd`);
}
