/** The query builder before it is loaded: it remembers the calls, and makes them when it is awaited. */
import type { Database } from "./client.ts";

interface Step {
  name: PropertyKey;
  args: unknown[];
}

/**
 * Creates a query builder that is opened when the first query is awaited, so that a request which
 * reads no data does not load the SDK.
 *
 * @param open opens the real builder.
 */
export function createLazyDb(open: () => Promise<Database>): Database {
  return record(open, []) as Database;
}

function record(open: () => Promise<Database>, steps: Step[]): unknown {
  return new Proxy({}, {
    get(_, name) {
      if (name !== "then") return (...args: unknown[]) => record(open, [...steps, { name, args }]);
      if (steps.length === 0) return undefined; // the builder itself cannot be awaited
      return (...settle: Parameters<Promise<unknown>["then"]>) =>
        open().then((db) => replay(db, steps)).then(...settle);
    },
  });
}

function replay(db: unknown, steps: Step[]): unknown {
  return steps.reduce((target, { name, args }) => {
    const method = Object(target)[name];
    if (typeof method !== "function") throw new TypeError(`db has no method ${String(name)}`);
    return method.apply(target, args);
  }, db);
}
