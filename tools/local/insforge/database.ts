/** The embedded PostgreSQL: opened once, used through transactions that act as one role. */

import { type Engine, type Session, startEngine, type Statement } from "./database/engine.ts";

export type { Session } from "./database/engine.ts";
export type { Value } from "./database/messages.ts";

/** The version of `bootstrap.sql`. A data folder of another version is refused. */
const SCHEMA_VERSION = 1;

/** Who a transaction acts as: a database role, and the claims that `auth.uid()` and the like read. */
export interface Identity {
  role: "anon" | "authenticated" | "project_admin";
  sub?: string;
  email?: string;
}

/** The database. One transaction runs at a time, the others wait. */
export interface Database {
  /** Runs `work` in a transaction as the owner of the database, who no policy restricts. */
  asOwner<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** Runs `work` in a transaction as `identity`. An error that it throws rolls everything back. */
  as<T>(
    identity: Identity,
    work: (session: Session) => Promise<T>,
    options?: { readOnly?: boolean },
  ): Promise<T>;
  close(): Promise<void>;
}

/**
 * Opens the database in a thread of its own. A new database gets what an empty project contains.
 *
 * @param dataDir folder of the database; absent means it is in memory and ends with `close`.
 * @throws {Error} when the folder is damaged, or has another version of the schema.
 */
export async function openDatabase(dataDir?: string): Promise<Database> {
  const engine = await startEngine(dataDir).catch((cause) => {
    const message =
      'The embedded database cannot be opened; "deno task serve --fresh" deletes all local data';
    throw dataDir === undefined ? cause : new Error(message, { cause });
  });
  try {
    await bootstrap(engine);
  } catch (error) {
    await engine.close();
    throw error;
  }
  return {
    asOwner: (work) => engine.transaction(work),
    as: (identity, work, { readOnly = false } = {}) =>
      engine.transaction(work, actAsSql(identity, readOnly)),
    close: () => engine.close(),
  };
}

async function bootstrap(engine: Engine): Promise<void> {
  const version = await engine.transaction(async (session) => {
    const [table] = await session.query<{ known: boolean }>(
      "select to_regclass('system.embedded') is not null as known",
    );
    if (!table?.known) return undefined;
    const [row] = await session.query<{ version: number }>("select version from system.embedded");
    return row?.version;
  });
  if (version === SCHEMA_VERSION) return;
  if (version !== undefined) {
    throw new Error(
      `The data folder has schema version ${version}, this program needs ${SCHEMA_VERSION}; ` +
        "delete the folder to start anew",
    );
  }
  const sql = await Deno.readTextFile(new URL("./bootstrap.sql", import.meta.url));
  await engine.transaction((session) => session.exec(sql));
}

/** Settings local to the transaction: they end with it, so no request can inherit another's role. */
function actAsSql(identity: Identity, readOnly: boolean): Statement {
  return {
    text: `select set_config('search_path', 'public', true),
      set_config('request.jwt.claims', $1, true), set_config('transaction_read_only', $2, true),
      set_config('role', $3, true)`,
    values: [JSON.stringify(identity), readOnly ? "on" : "off", identity.role],
  };
}
