/** Serves the functions to measure, with settings from the environment. */
import chat from "../../functions/chat/index.ts";
import stream from "../../functions/stream/index.ts";
import { batchLogLines } from "../../shared/http/log.ts";
import { createRouter } from "../functions.ts";
import { reportToParent } from "./parent.ts";

batchLogLines(); // as `deno task start` does
const route = createRouter(new Map(Object.entries({ chat, stream })), Deno.env);
const server = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen() {} },
  (request) => route(request),
);

await reportToParent(server.addr.port);
