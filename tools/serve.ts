/** `deno task serve`: starts the local stack, and with `--watch` starts it again after changes. */
import { parseArgs } from "node:util";
import { runWithRestarts } from "./serve/restarts.ts";
import { startStackProcess } from "./serve/stack_process.ts";

const HELP = `Runs everything on this machine: the functions, an embedded InsForge with demo data,
and a simulated OpenRouter.

Usage: deno task serve [--fresh] [--watch]

  --fresh   Delete all local data first: users, tables, files and keys
  --watch   Start again when functions/, shared/, tools/, migrations/ or .env change
  --help    Show this text

Settings come from the environment and from .env. INSFORGE_BASE_URL replaces the embedded
InsForge, OPENROUTER_API_KEY the simulated OpenRouter. PORT, INSFORGE_PORT and
OPENROUTER_PORT choose other ports. Data is kept in .local/.`;

const WATCHED = ["functions", "shared", "tools", "migrations", "prompts", "deno.json", ".env"];
/** Data that the stack writes. */
const IGNORED = /(^|[\\/])(\.local|node_modules)([\\/]|$)/;

try {
  const { fresh, help, watch } = readOptions();
  if (help) console.log(HELP);
  else await serve({ fresh: fresh ? ["--fresh"] : [], watch });
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(1);
}

function readOptions(): { fresh?: boolean; help?: boolean; watch?: boolean } {
  const flag = { type: "boolean" } as const;
  try {
    const { values } = parseArgs({
      args: Deno.args,
      options: { fresh: flag, help: flag, watch: flag },
    });
    return values;
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${HELP}`);
  }
}

async function serve({ fresh, watch }: { fresh: string[]; watch?: boolean }): Promise<void> {
  const stop = new AbortController();
  let child: Deno.ChildProcess | undefined;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      stop.abort();
      // A terminal sends the signal to both processes; the second one counts as the same.
      try {
        child?.kill(signal);
      } catch {
        // It has ended already.
      }
    });
  }
  const start = async (options: string[]) => child = await startStackProcess(options);
  if (watch) {
    await runWithRestarts({
      start: (isFirst) => start(isFirst ? fresh : []),
      paths: WATCHED,
      ignored: IGNORED,
      signal: stop.signal,
    });
    Deno.exit();
  }
  const { code } = await (await start(fresh)).status;
  Deno.exit(code);
}
