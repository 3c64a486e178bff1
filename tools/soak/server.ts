/** Serves all functions as `deno task start` does, for a soak test. */
import { reportToParent } from "../bench/parent.ts";
import { startStandalone } from "../start/standalone.ts";

const { url } = await startStandalone(Deno.env);
await reportToParent(Number(new URL(url).port));
