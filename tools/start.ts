/** `deno task start`: the functions as one server, with the real InsForge and the real OpenRouter. */
import process from "node:process";
import { readEnvironment } from "./environment.ts";
import { type Standalone, startStandalone } from "./start/standalone.ts";

// A dependency of InsForge's SDK still uses a module that Node has deprecated.
Object.assign(process, { noDeprecation: true });

try {
  const server = await startStandalone(await readEnvironment());
  // Standard output is for the functions' log lines.
  console.error(`Functions  ${server.url}/<slug>   ${server.slugs.join(" ")}`);
  stopOnSignals(server);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(1);
}

/** The first signal lets running answers end, a second one does not. */
function stopOnSignals(server: Standalone): void {
  let stopping = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      if (stopping) Deno.exit(1);
      stopping = true;
      console.error("Stopping when the running answers have ended; once more stops at once");
      server.stop().then(() => Deno.exit());
    });
  }
}
