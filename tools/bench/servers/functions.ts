/**
 * Serves the functions by `Deno.serve`, as InsForge cloud does, with settings from the environment. Log
 * lines are written as `deno task start` writes them.
 */
import chat from "../../../functions/chat/index.ts";
import stream from "../../../functions/stream/index.ts";
import summarizeRecords from "../../../functions/summarize-records/index.ts";
import { batchLogLines } from "../../../shared/http/log.ts";
import { createRouter } from "../../functions.ts";
import { reportToParent } from "../parent.ts";

batchLogLines();
const functions = new Map([
  ["chat", chat],
  ["stream", stream],
  ["summarize-records", summarizeRecords],
]);
const route = createRouter(functions, Deno.env);
const server = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen() {} },
  (request) => route(request),
);

await reportToParent(server.addr.port);
