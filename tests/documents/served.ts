/** Functions over real HTTP, with a simulated OpenRouter, for the calls that the documents show. */
import { assertEquals } from "@std/assert";
import stream from "../../functions/stream/index.ts";
import v1 from "../../functions/v1/index.ts";
import { createRouter } from "../../tools/functions.ts";
import { serve, type Server } from "../local/openrouter_server.ts";
import { createEnvironment } from "../support/caller.ts";

/** Running functions, and the simulated OpenRouter behind them. */
export interface Served extends AsyncDisposable {
  /** The URL below which each function has its slug. */
  url: string;
  openRouter: Server;
}

/** Serves the functions on a free port; `values` replace or add settings. */
export async function serveFunctions(values: Record<string, string> = {}): Promise<Served> {
  await using started = new AsyncDisposableStack();
  const openRouter = started.use(serve());
  const environment = createEnvironment({
    OPENROUTER_BASE_URL: openRouter.url,
    PINATA_BASE_URL: openRouter.url.replace("/api/v1", "/v0/llm"),
    ...values,
  });
  const functions = new Map([["v1", v1], ["stream", stream]]);
  const route = createRouter(functions, environment);
  const server = started.use(
    Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => route(request)),
  );
  const stop = started.move();
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    openRouter,
    [Symbol.asyncDispose]: () => stop.disposeAsync(),
  };
}

/** Reads a stream of events by hand, line by line, and returns the text of the answer. */
export async function readAnswer(response: Response): Promise<string> {
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  const events = (await response.text()).split("\n").filter((line) => line.startsWith("data: "));
  const data = events.map((line) => line.slice("data: ".length));
  assertEquals(data.at(-1), "[DONE]");
  const chunks = data.slice(0, -1).map((text) => JSON.parse(text));
  return chunks.map(({ choices }) => choices[0]?.delta?.content ?? "").join("");
}
