/** Starts a process again whenever its source files change. */
import { isAbsolute, relative, sep } from "node:path";

/** Editors write a file in several steps, and often several files at once. */
const DEBOUNCE_MS = 200;

/** Which changes count. */
export interface Watched {
  /** The folder that holds all `paths`. */
  root: string;
  /** Files and folders to watch. Those that do not exist yet count from the moment they are created. */
  paths: string[];
  /** Paths below `root` whose changes do not count, such as those that the process itself writes. */
  ignored: RegExp;
}

/** How a process is run. */
export interface RestartOptions extends Watched {
  /** Starts the process. `isFirst` is false after a change. */
  start(isFirst: boolean): Promise<Deno.ChildProcess>;
  /** Ends the watching, and with it the process. */
  signal: AbortSignal;
}

/** The exit code of a process that no change can help. */
export const HOPELESS = 3;

/**
 * Runs a process until `signal` is aborted, and starts it again after every change. The old process
 * is asked to stop with SIGTERM and has ended before the new one starts. When a process ends by
 * itself, the next change starts another.
 *
 * @returns the exit code: 0, or {@link HOPELESS} when the process ended with it.
 */
export async function runWithRestarts(
  { start, signal, ...watched }: RestartOptions,
): Promise<number> {
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    // Opened before the process reads its files, so that it misses no change.
    using change = watchForChange(watched, signal);
    const child = await start(isFirst);
    let isStopping = false;
    const ended = child.status.then(async ({ code }) => {
      if (code === HOPELESS) return code;
      if (!signal.aborted && !isStopping) console.error("Ended; a change starts it again");
      await change.happened;
    });
    if (await Promise.race([change.happened, ended]) === HOPELESS) return HOPELESS;
    isStopping = true;
    if (!signal.aborted) console.error("Changed; starting again");
    try {
      child.kill("SIGTERM");
    } catch {
      // It has ended already.
    }
    await child.status;
  }
  return 0;
}

/** `happened` settles once changes have come to rest, or when the signal is aborted. */
function watchForChange(
  { root, paths, ignored }: Watched,
  signal: AbortSignal,
): Disposable & { happened: Promise<void> } {
  // A watcher of a file loses it when an editor replaces it, and one of a missing folder fails. That
  // of the folder above sees both.
  const watchers = [
    Deno.watchFs(root, { recursive: false }),
    ...paths.filter(isFolder).map((path) => Deno.watchFs(path)),
  ];
  const { promise: happened, resolve } = Promise.withResolvers<void>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const counts = (path: string) =>
    !ignored.test(relative(root, path)) && paths.some((watched) => isWithin(watched, path));
  for (const watcher of watchers) {
    (async () => {
      for await (const { kind, paths } of watcher) {
        if (kind === "access" || !paths.some(counts)) continue;
        clearTimeout(timer);
        timer = setTimeout(resolve, DEBOUNCE_MS);
      }
    })();
  }
  const stop = () => resolve();
  signal.addEventListener("abort", stop);
  return {
    happened,
    [Symbol.dispose]() {
      signal.removeEventListener("abort", stop);
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}

function isWithin(folder: string, path: string): boolean {
  const below = relative(folder, path);
  return below !== ".." && !below.startsWith(`..${sep}`) && !isAbsolute(below);
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
