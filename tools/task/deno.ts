/** Runs this Deno as another process, in the place of this one. */

/** The exit code of a process that a signal has ended, as shells count. */
const SIGNALLED = 128;
const SIGNALS: Partial<Record<Deno.Signal, number>> = { SIGINT: 2, SIGTERM: 15 };

/**
 * Runs Deno to its end. The other process has this one's input and output, and gets its signals.
 *
 * @returns the exit code.
 */
export async function runDeno(args: string[]): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "inherit" }).spawn();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    // A terminal sends its signal to both processes; the second one counts as the same.
    Deno.addSignalListener(signal, () => sendSignal(child, signal));
  }
  const { code, signal } = await child.status;
  return signal ? SIGNALLED + (SIGNALS[signal] ?? 0) : code;
}

/** Sends a signal to a process, which may have ended already. */
export function sendSignal(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has ended.
  }
}
