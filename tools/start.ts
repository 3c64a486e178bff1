/** `deno task start`: the functions as a server, with a real InsForge project and a real gateway. */
import process from "node:process";
import { batchLogLines } from "../shared/http/log.ts";
import { readEnvironment } from "./environment.ts";
import { listenForSignals } from "./signals.ts";
import { type Standalone, startStandalone } from "./start/standalone.ts";

// A dependency of InsForge's SDK uses a Node module that is deprecated.
Object.assign(process, { noDeprecation: true });
batchLogLines();

try {
  const server = await startStandalone(await readEnvironment());
  // Standard output is reserved for the functions' log lines.
  for (const warning of server.warnings) console.error(`Warning: ${warning}`);
  console.error(`Functions  ${server.url}/<slug>   ${server.slugs.join(" ")}`);
  listenForSignals(() => stop(server), () => Deno.exit(1));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(1);
}

/** Lets running responses end. */
async function stop(server: Standalone): Promise<void> {
  console.error("Stopping when the running responses have ended; a second signal stops at once");
  await server.stop();
  Deno.exit();
}
