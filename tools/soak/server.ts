/** Serves all functions as `deno task start` does, for a soak test. */
import { batchLogLines } from "../../shared/http/log.ts";
import { reportToParent } from "../bench/parent.ts";
import { listenForSignals } from "../signals.ts";
import { startStandalone } from "../start/standalone.ts";

batchLogLines();
const server = await startStandalone(Deno.env);
listenForSignals(async () => {
  await server.stop();
  Deno.exit();
}, () => Deno.exit(1));
await reportToParent(Number(new URL(server.url).port));
