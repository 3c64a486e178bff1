/** The embedded PostgreSQL: opened once, used through transactions that act as one role. */

import { PGlite, type Results, type Transaction } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";

/** The version of `bootstrap.sql`; a data folder made with another one is refused. */
const SCHEMA_VERSION = 1;

/** Who a transaction acts as: a database role, and the claims that `auth.uid()` and its like read. */
export interface Identity {
  role: "anon" | "authenticated" | "project_admin";
  sub?: string;
  email?: string;
}

/** A bound value. It is sent as text, and PostgreSQL reads it as the type its place asks for. */
export type Value = string | number | boolean | Date | null;

/** One open transaction. */
export interface Session {
  /** Runs one statement with bound values; rows come back with columns by name. */
  query<Row = Record<string, unknown>>(text: string, values?: Value[]): Promise<Row[]>;
  /** Runs any number of statements without values; gives the result of each. */
  exec(text: string): Promise<Results[]>;
  /** As both, with the names and types of columns, and with whole numbers of 64 bits as text. */
  inspect(text: string, values: Value[]): Promise<Results[]>;
}

/** The database, one transaction at a time: others wait for their turn. */
export interface Database {
  /** Runs `work` in a transaction as the owner of the database, outside every policy. */
  asOwner<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** Runs `work` in a transaction as `identity`; whatever it throws rolls everything back. */
  as<T>(
    identity: Identity,
    work: (session: Session) => Promise<T>,
    options?: { readOnly?: boolean },
  ): Promise<T>;
  close(): Promise<void>;
}

/**
 * Opens the database and makes what an empty project holds when it is new.
 *
 * @param dataDir folder of the database; absent means it lives in memory and ends with `close`
 * @throws {Error} when the folder is ruined, or was made by a version with another schema
 */
export async function openDatabase(dataDir?: string): Promise<Database> {
  const engine = await PGlite.create({ dataDir, extensions: { vector } }).catch((cause) => {
    const message = 'The embedded database does not open; "deno task serve --fresh" starts anew';
    throw dataDir === undefined ? cause : new Error(message, { cause });
  });
  const asOwner = <T>(work: (session: Session) => Promise<T>) =>
    engine.transaction(async (transaction) => {
      // Otherwise PostgreSQL sets a timer, to write its statistics ten seconds later.
      await transaction.exec("select pg_stat_force_next_flush()");
      return await work(toSession(transaction));
    });
  try {
    await bootstrap(asOwner);
  } catch (error) {
    await engine.close();
    throw error;
  }
  return {
    asOwner,
    as: (identity, work, options) =>
      asOwner(async (session) => {
        await actAs(session, identity, options?.readOnly ?? false);
        return await work(session);
      }),
    close: () => engine.close(),
  };
}

async function bootstrap(asOwner: Database["asOwner"]): Promise<void> {
  const version = await asOwner(async (session) => {
    const [{ known }] = await session.query<{ known: boolean }>(
      "select to_regclass('system.embedded') is not null as known",
    );
    if (!known) return undefined;
    const [row] = await session.query<{ version: number }>("select version from system.embedded");
    return row.version;
  });
  if (version === SCHEMA_VERSION) return;
  if (version !== undefined) {
    throw new Error(
      `The data folder has schema version ${version}, this program needs ${SCHEMA_VERSION}: delete the folder to start anew`,
    );
  }
  const sql = await Deno.readTextFile(new URL("./bootstrap.sql", import.meta.url));
  await asOwner((session) => session.exec(sql));
}

/** Settings local to the transaction: they end with it, so no request can inherit another's role. */
async function actAs(session: Session, identity: Identity, readOnly: boolean): Promise<void> {
  await session.query(
    `select set_config('search_path', 'public', true), set_config('request.jwt.claims', $1, true),
            set_config('transaction_read_only', $2, true), set_config('role', $3, true)`,
    [JSON.stringify(identity), readOnly ? "on" : "off", identity.role],
  );
}

function toSession(transaction: Transaction): Session {
  return {
    query: async <Row>(text: string, values: Value[] = []) =>
      (await transaction.query<Row>(text, values.map(toText), { serializers: AS_TEXT })).rows,
    exec: (text) => transaction.exec(text),
    inspect: async (text, values) => {
      const options = { serializers: AS_TEXT, parsers: { [BIGINT]: String } };
      return values.length === 0
        ? await transaction.exec(text, options)
        : [await transaction.query(text, values.map(toText), options)];
    },
  };
}

function toText(value: Value): string | null {
  if (value === null) return null;
  return value instanceof Date ? value.toISOString() : String(value);
}

const BIGINT = 20;

/** PGlite would check these types itself, in words that are not PostgreSQL's. */
const AS_TEXT = Object.fromEntries(
  [16, 17, 114, 1082, 1114, 1184, 3802].map((type) => [type, (value: string) => value]),
);
