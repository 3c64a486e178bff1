/** Serves all functions as `deno task start` does, by `node:http`. */
import { batchLogLines } from "../../../shared/http/log.ts";
import { startStandalone } from "../../start/standalone.ts";
import { reportToParent } from "../parent.ts";

batchLogLines();
const server = await startStandalone(Deno.env);
await reportToParent(Number(new URL(server.url).port));
