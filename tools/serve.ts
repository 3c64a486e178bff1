/** Starts the local stack, and when it watches starts it again after changes. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type App, isLibrary } from "./app.ts";
import { runWithRestarts } from "./serve/restarts.ts";
import { startStackProcess } from "./serve/stack_process.ts";
import { sendSignal } from "./task/deno.ts";

/** Files and folders of an app and of the library. */
const WATCHED = [
  ...["functions", "prompts", "migrations", ".env", "deno.json", "package.json"],
  ...["shared", "tools"],
];
/** Data that the stack writes, and packages, as paths below the app's folder. */
const IGNORED = /(^|[\\/])(\.local|node_modules)([\\/]|$)/;

/**
 * Runs the local stack until it is stopped.
 *
 * @param options the words after the name of the task; `--help` prints them.
 * @returns the exit code of the stack.
 * @throws {Error} for an unknown option.
 */
export async function serve(app: App, options: string[]): Promise<number> {
  const { fresh, help, watch = !isLibrary(app.root) } = readOptions(options, toHelp(app));
  if (help) {
    console.log(toHelp(app));
    return 0;
  }
  const stop = new AbortController();
  let child: Deno.ChildProcess | undefined;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      stop.abort();
      // A terminal sends the signal to both processes; the second one counts as the same.
      if (child) sendSignal(child, signal);
    });
  }
  const start = async (isFirst: boolean) =>
    child = await startStackProcess(app, fresh && isFirst ? ["--fresh"] : []);
  if (!watch) return (await (await start(true)).status).code;
  const paths = WATCHED.map((path) => join(app.root, path));
  const { signal } = stop;
  return await runWithRestarts({ start, root: app.root, paths, ignored: IGNORED, signal });
}

function readOptions(args: string[], help: string) {
  const flag = { type: "boolean" } as const;
  try {
    const options = { fresh: flag, help: flag, watch: flag };
    return parseArgs({ args, options, allowNegative: true }).values;
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${help}`);
  }
}

/** The functions of an app change while they are written, so `serve` watches them by default. */
function toHelp({ command, root }: App): string {
  const watch = isLibrary(root) ? "--watch" : "--no-watch";
  return `Runs everything on this machine: the functions, an embedded InsForge with demo data,
and a simulated OpenRouter.

Usage: ${command} serve [--fresh] [${watch}]

  --fresh     Delete all local data first: users, tables, files and keys
  ${watch.padEnd(12)}${
    isLibrary(root) ? "Start" : "Do not start"
  } again when functions/, prompts/, migrations/ or .env change
  --help      Show this text

Settings come from the environment and from .env. INSFORGE_BASE_URL replaces the embedded
InsForge, OPENROUTER_API_KEY the simulated OpenRouter. PORT, INSFORGE_PORT and
OPENROUTER_PORT choose other ports. Data is kept in .local/.`;
}
