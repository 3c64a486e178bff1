/** `v1` behind the router, over real HTTP, for clients that know nothing of this project. */
import v1 from "../../functions/v1/index.ts";
import { createRouter } from "../../tools/functions.ts";
import { createEnvironment } from "../support/caller.ts";
import { createUpstream, type Upstream } from "../support/upstream.ts";

/** A served `v1` and the scripted OpenRouter behind it. */
export interface Served extends AsyncDisposable {
  /** What a client's base URL must be. */
  baseURL: string;
  upstream: Upstream;
}

/**
 * Serves `v1` on a free port; disposing of it ends both servers and checks the script.
 *
 * @param values settings to lay over a project's usual ones.
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
