/** What the main thread and the database's thread send each other. */

import type { Results } from "@electric-sql/pglite";

/** A bound value. It is sent as text, and PostgreSQL reads it as the type that its place requires. */
export type Value = string | number | boolean | Date | null;

/** What the main thread asks for. `transaction` is the number that `begin` has chosen. */
export type Command =
  /** Opens the database in a folder, or in memory. */
  | { kind: "open"; dataDir?: string }
  /** Begins a transaction, and runs one statement in it. Waits for earlier transactions to end. */
  | { kind: "begin"; transaction: number; first?: { text: string; values: Value[] } }
  /** Runs one statement with bound values. */
  | { kind: "query"; transaction: number; text: string; values: Value[] }
  /** Runs any number of statements without values. */
  | { kind: "exec"; transaction: number; text: string }
  /** As `query`, or `exec` without values; whole numbers of 64 bits are returned as text. */
  | { kind: "inspect"; transaction: number; text: string; values: Value[] }
  | { kind: "commit"; transaction: number }
  | { kind: "rollback"; transaction: number }
  | { kind: "close" };

/** A command with a number that its outcome repeats. */
export type Request = Command & { id: number };

/** How a command ended. */
export type Outcome =
  | { id: number; results: Results[] }
  | { id: number; error: ErrorFields };

/** An error as it crosses threads: PostgreSQL's own fields are kept beside the message. */
export type ErrorFields = Record<string, unknown> & { message: string };
