/** Reacts to the signals that end a tool. */

/** A signal that follows another within this time is the same request to stop. */
const SAME_MS = 500;

/**
 * Calls `first` on the first SIGINT or SIGTERM, and `again` on a later one. A terminal sends its
 * signal to the task and to the tool, and `deno task` forwards it to the tool once more: those count
 * as one.
 */
export function listenForSignals(first: () => void, again: () => void): void {
  let firstAt: number | undefined;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      if (firstAt === undefined) {
        firstAt = performance.now();
        first();
      } else if (performance.now() - firstAt > SAME_MS) again();
    });
  }
}
