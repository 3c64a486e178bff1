/** The embedded PostgreSQL in its own thread, as the main thread uses it. */

import type { Results } from "@electric-sql/pglite";
import type { Command, Outcome, Value } from "./messages.ts";

/** One open transaction. */
export interface Session {
  /** Runs one statement with bound values. Returns rows with columns by name. */
  query<Row = Record<string, unknown>>(text: string, values?: Value[]): Promise<Row[]>;
  /** Runs any number of statements without values. Returns the result of each. */
  exec(text: string): Promise<Results[]>;
  /** As both, with the names and types of columns, and with whole numbers of 64 bits as text. */
  inspect(text: string, values: Value[]): Promise<Results[]>;
}

/** A statement with its values. */
export interface Statement {
  text: string;
  values: Value[];
}

/** A running PostgreSQL. */
export interface Engine {
  /**
   * Runs `work` in a transaction. One transaction runs at a time, the others wait. An error that
   * `work` throws rolls everything back and is thrown again.
   *
   * @param first a statement to begin with; it saves a message between the threads.
   */
  transaction<T>(work: (session: Session) => Promise<T>, first?: Statement): Promise<T>;
  close(): Promise<void>;
}

/**
 * Starts the thread and opens the database in it.
 *
 * @param dataDir folder of the database; absent means in memory.
 * @throws {Error} when the folder cannot be opened.
 */
export async function startEngine(dataDir?: string): Promise<Engine> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const send = createChannel(worker);
  try {
    await send({ kind: "open", dataDir });
  } catch (error) {
    worker.terminate();
    throw error;
  }
  let count = 0;
  return {
    transaction: async (work, first) => {
      const transaction = ++count;
      await send({ kind: "begin", transaction, first }).catch(async (error) => {
        await send({ kind: "rollback", transaction }).catch(() => {}); // it may not have begun
        throw error;
      });
      let result;
      try {
        result = await work(toSession(transaction, send));
      } catch (error) {
        await send({ kind: "rollback", transaction });
        throw error;
      }
      await send({ kind: "commit", transaction });
      return result;
    },
    close: async () => {
      await send({ kind: "close" });
      worker.terminate();
    },
  };
}

type Send = (command: Command) => Promise<Results[]>;

/** Sends commands, and matches outcomes with them by number. */
function createChannel(worker: Worker): Send {
  const waiting = new Map<number, PromiseWithResolvers<Results[]>>();
  let count = 0;
  worker.onmessage = ({ data }: MessageEvent<Outcome>) => {
    const { resolve, reject } = waiting.get(data.id)!;
    waiting.delete(data.id);
    if ("error" in data) reject(Object.assign(new Error(data.error.message), data.error));
    else resolve(data.results);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    const error = new Error(`The thread of the embedded database failed: ${event.message}`);
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  return (command) => {
    const id = ++count;
    const outcome = Promise.withResolvers<Results[]>();
    waiting.set(id, outcome);
    worker.postMessage({ ...command, id });
    return outcome.promise;
  };
}

function toSession(transaction: number, send: Send): Session {
  return {
    query: async <Row>(text: string, values: Value[] = []) => {
      const [result] = await send({ kind: "query", transaction, text, values });
      return result!.rows as Row[];
    },
    exec: (text) => send({ kind: "exec", transaction, text }),
    inspect: (text, values) => send({ kind: "inspect", transaction, text, values }),
  };
}
