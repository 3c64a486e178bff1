/**
 * The part of InsForge that the ledger needs: routines of the database by `POST /api/database/rpc/…`,
 * on PostgreSQL where it is installed, else on PGlite. A path that begins with a number, such as
 * `/20/api/…`, delays its responses by so many milliseconds.
 */
import { callRoutine, migrate, openEmbeddedLedger } from "../../tests/support/ledger.ts";
import { startPostgres } from "../../tests/support/postgres.ts";
import { postgresPrograms } from "../../tests/support/programs.ts";
import { readConsumptionOf, readOwnConsumption, reportToParent } from "./parent.ts";

/** What this server has done since it started. */
export interface LedgerWork {
  /** The database. */
  store: "PostgreSQL" | "PGlite";
  /** Routine calls with reservations, for whose response a request waits. */
  reserving: number;
  /** Other routine calls, such as settlements alone. */
  other: number;
  /** CPU time of this process, with PGlite's database in it. */
  restCpuMicros: number;
  /** CPU time of PostgreSQL's connections. */
  databaseCpuMicros: number;
}

type Value = string | number | boolean | null;

interface Database {
  store: LedgerWork["store"];
  /** The processes that run the statements. */
  pids: number[];
  run(text: string, values?: Value[]): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** As many connections as a small PostgREST pool has. */
const CONNECTIONS = 8;

const database = postgresPrograms ? await openServer() : await openEmbedded();
const calls = { reserving: 0, other: 0 };

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
  const { pathname } = new URL(request.url);
  const [, delay, routine] = /^(?:\/(\d+))?\/api\/database\/rpc\/(\w+)$/.exec(pathname) ?? [];
  if (!routine) return Response.json({ message: "Not found" }, { status: 404 });
  const args: Record<string, unknown> = await request.json();
  calls[isReserving(args) ? "reserving" : "other"]++;
  const delayed = delay && new Promise((resolve) => setTimeout(resolve, Number(delay)));
  const result = await callRoutine(database, routine, args);
  await delayed;
  return Response.json(result);
});

await reportToParent(server.addr.port, {
  reply: readWork,
  stop: () => database.close(),
});

function isReserving({ reservations }: Record<string, unknown>): boolean {
  return Array.isArray(reservations) && reservations.length > 0;
}

async function readWork(): Promise<LedgerWork> {
  const { cpuMicros } = await readOwnConsumption();
  return {
    store: database.store,
    ...calls,
    restCpuMicros: cpuMicros,
    databaseCpuMicros: (await readConsumptionOf(database.pids)).cpuMicros,
  };
}

async function openServer(): Promise<Database> {
  const postgres = await startPostgres();
  await migrate(postgres);
  const sql = postgres.connect("project_admin", CONNECTIONS);
  const rows = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => sql`select pg_backend_pid() as pid, pg_sleep(0.05)`),
  );
  return {
    store: "PostgreSQL",
    pids: [...new Set(rows.map(([row]) => row!.pid as number))],
    // PostgREST prepares its statements, too.
    run: async (text, values) => [...await sql.unsafe(text, values, { prepare: true })],
    async close() {
      await sql.end();
      await postgres[Symbol.asyncDispose]();
    },
  };
}

async function openEmbedded(): Promise<Database> {
  const ledger = await openEmbeddedLedger();
  return {
    store: "PGlite",
    pids: [],
    run: (text, values) => ledger.run(text, values),
    close: async () => await ledger[Symbol.asyncDispose](),
  };
}
