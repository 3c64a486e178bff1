/** `v1` over real HTTP, for clients that were not made for this project. */
import v1 from "../../functions/v1/index.ts";
import { createRouter } from "../../tools/functions.ts";
import { createEnvironment } from "../support/caller.ts";
import { createUpstream, type Upstream } from "../support/upstream.ts";

/** A running `v1`, and the scripted OpenRouter behind it. */
export interface Served extends AsyncDisposable {
  /** The base URL for clients. */
  baseURL: string;
  upstream: Upstream;
}

/**
 * Serves `v1` on a free port. Disposing it stops both servers, and checks the script.
 *
 * @param values settings that replace or add to a project's usual settings.
 */
export async function serveV1(values: Record<string, string> = {}): Promise<Served> {
  await using started = new AsyncDisposableStack();
  const upstream = started.use(await createUpstream());
  const environment = createEnvironment({ OPENROUTER_BASE_URL: upstream.url, ...values });
  const route = createRouter(new Map([["v1", v1]]), environment);
  const server = started.use(
    Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => route(request)),
  );
  const stop = started.move();
  return {
    baseURL: `http://127.0.0.1:${server.addr.port}/v1`,
    upstream,
    [Symbol.asyncDispose]: () => stop.disposeAsync(),
  };
}
