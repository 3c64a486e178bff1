/** `deno task start`: the functions as one server, with the real InsForge and the real OpenRouter. */
import process from "node:process";
import { readEnvironment } from "./environment.ts";
import { listenForSignals } from "./signals.ts";
import { type Standalone, startStandalone } from "./start/standalone.ts";

// A dependency of InsForge's SDK still uses a module that Node has deprecated.
Object.assign(process, { noDeprecation: true });

try {
  const server = await startStandalone(await readEnvironment());
  // Standard output is for the functions' log lines.
  console.error(`Functions  ${server.url}/<slug>   ${server.slugs.join(" ")}`);
  listenForSignals(() => stop(server), () => Deno.exit(1));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(1);
}

/** Lets running answers end. */
async function stop(server: Standalone): Promise<void> {
  console.error("Stopping when the running answers have ended; once more stops at once");
  await server.stop();
  Deno.exit();
}
