/** Starts a process again whenever its source files change. */

/** Editors write a file in several steps, and often several files at once. */
const DEBOUNCE_MS = 200;

/** How a process is run. */
export interface RestartOptions {
  /** Starts the process. `isFirst` is false after a change. */
  start(isFirst: boolean): Promise<Deno.ChildProcess>;
  /** Files and folders to watch. Those that do not exist are ignored. */
  paths: string[];
  /** Paths whose changes do not count, such as those that the process itself writes. */
  ignored: RegExp;
  /** Ends the watching, and with it the process. */
  signal: AbortSignal;
}

/**
 * Runs a process until `signal` is aborted, and starts it again after every change. The old process
 * is asked to stop with SIGTERM and has ended before the new one starts. When a process ends by
 * itself, the next change starts another.
 */
export async function runWithRestarts(
  { start, paths, ignored, signal }: RestartOptions,
): Promise<void> {
  using watcher = Deno.watchFs(paths.filter(exists));
  const changes = toChanges(watcher, { ignored, signal });
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    const child = await start(isFirst);
    let [hasEnded, hasChanged] = [false, false];
    const ended = child.status.then(() => {
      hasEnded = true;
      if (!signal.aborted && !hasChanged) console.error("Ended; a change starts it again");
    });
    await changes.next();
    hasChanged = true;
    if (!signal.aborted) console.error("Changed; starting again");
    if (!hasEnded) child.kill("SIGTERM");
    await ended;
  }
}

/** Yields once for every burst of changes, and ends when the signal is aborted. */
async function* toChanges(
  watcher: Deno.FsWatcher,
  { ignored, signal }: Pick<RestartOptions, "ignored" | "signal">,
): AsyncGenerator<void> {
  signal.addEventListener("abort", () => watcher.close());
  let timer: ReturnType<typeof setTimeout> | undefined;
  let change = Promise.withResolvers<boolean>();
  const watching = (async () => {
    for await (const { kind, paths } of watcher) {
      if (kind === "access" || paths.every((path) => ignored.test(path))) continue;
      clearTimeout(timer);
      timer = setTimeout(() => change.resolve(true), DEBOUNCE_MS);
    }
    clearTimeout(timer);
    change.resolve(false);
  })();
  while (await change.promise) {
    change = Promise.withResolvers();
    if (signal.aborted) break;
    yield;
  }
  await watching;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
