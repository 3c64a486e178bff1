/** How a person or a supervisor ends a tool. */

/** A signal that comes this soon after another is the same one, by another way. */
const SAME_MS = 500;

/**
 * Calls `first` upon the first SIGINT or SIGTERM, `again` upon a later one. What a terminal sends to a
 * task and its processes, `deno task` passes on once more: that counts as one.
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
