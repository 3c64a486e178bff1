/** The thread of the embedded PostgreSQL, so that a slow statement does not hold up other requests. */

import { PGlite, type Transaction } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";
import type { Command, ErrorFields, Outcome, Request, Value } from "./messages.ts";

type Row = Record<string, unknown>;

/** A transaction whose end the main thread decides. */
interface Open {
  session: Transaction;
  end(how: "commit" | "rollback"): Promise<void>;
}

const BIGINT = 20;

/** PGlite would check these types itself, with messages that are not PostgreSQL's. */
const AS_TEXT = Object.fromEntries(
  [16, 17, 114, 1082, 1114, 1184, 3802].map((type) => [type, (value: string) => value]),
);

/** Prevents a timer of PostgreSQL, which would write its statistics ten seconds later. */
const NO_TIMER = "select pg_stat_force_next_flush()";

let engine: PGlite;
const transactions = new Map<number, Open>();

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<Request>) => void;
  postMessage(outcome: Outcome): void;
};

scope.onmessage = async ({ data: { id, ...command } }) => {
  try {
    scope.postMessage({ id, results: await run(command) });
  } catch (error) {
    scope.postMessage({ id, error: toFields(error) });
  }
};

async function run(command: Command) {
  switch (command.kind) {
    case "open":
      engine = await PGlite.create({ dataDir: command.dataDir, extensions: { vector } });
      return [];
    case "close":
      await engine.close();
      return [];
    case "begin": {
      const { session } = await begin(command.transaction);
      const { first } = command;
      return first ? [await query(session, first.text, first.values)] : [];
    }
    case "commit":
    case "rollback":
      await find(command.transaction).end(command.kind);
      return [];
    case "query":
      return [await query(find(command.transaction).session, command.text, command.values)];
    case "exec":
      return await find(command.transaction).session.exec(command.text);
    case "inspect": {
      const { session } = find(command.transaction);
      const options = { serializers: AS_TEXT, parsers: { [BIGINT]: String } };
      const { text, values } = command;
      return values.length === 0
        ? await session.exec(text, options)
        : [await session.query<Row>(text, values.map(toText), options)];
    }
  }
}

/** Begins a transaction that stays open until `end` is called. PGlite lets others wait until then. */
function begin(transaction: number): Promise<Open> {
  return new Promise((resolve, reject) => {
    const ended = engine.transaction(async (session) => {
      await session.exec(NO_TIMER);
      const decision = Promise.withResolvers<"commit" | "rollback">();
      const open: Open = {
        session,
        end: async (how) => {
          transactions.delete(transaction);
          decision.resolve(how);
          await ended;
        },
      };
      transactions.set(transaction, open);
      resolve(open);
      if (await decision.promise === "rollback") await session.rollback();
    });
    ended.catch(reject);
  });
}

function find(transaction: number): Open {
  const open = transactions.get(transaction);
  if (!open) throw new Error(`Transaction ${transaction} is not open`);
  return open;
}

function query(session: Transaction, text: string, values: Value[]) {
  return session.query<Row>(text, values.map(toText), { serializers: AS_TEXT });
}

function toText(value: Value): string | null {
  if (value === null) return null;
  return value instanceof Date ? value.toISOString() : String(value);
}

function toFields(error: unknown): ErrorFields {
  if (!(error instanceof Error)) return { message: String(error) };
  const { message, stack, ...fields } = error;
  const plain = Object.entries(fields).filter(([, value]) => typeof value === "string");
  return { ...Object.fromEntries(plain), message, stack };
}
