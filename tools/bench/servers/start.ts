/** Serves all functions as `deno task start` does, by `node:http`. */
import { startStandalone } from "../../start/standalone.ts";
import { reportToParent } from "../parent.ts";

const server = await startStandalone(Deno.env);
await reportToParent(Number(new URL(server.url).port));
