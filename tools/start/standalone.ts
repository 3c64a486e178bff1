/** The functions as a server of their own, beside a self-hosted InsForge or anywhere else. */
import { flushLedger } from "../../shared/ledger/queue.ts";
import { createSettings, type Environment } from "../../shared/settings.ts";
import { type App, openApp } from "../app.ts";
import { createRouter, listSlugs, loadFunctions } from "../functions.ts";
import { installPrompts } from "../prompts/folder.ts";
import { describeListenFailure, type FunctionServer, startServer } from "./server.ts";
import { checkServerSettings } from "./setting_checks.ts";

/** A running server. */
export interface Standalone {
  url: string;
  slugs: string[];
  /** What will not work, one sentence each. */
  warnings: string[];
  /**
   * Accepts no new connection. It resolves when every running response has ended and every charge is
   * recorded.
   */
  stop(): Promise<void>;
}

/**
 * Starts the functions at `HOST` and `PORT`, with the URLs of InsForge cloud: `/<slug>` and
 * sub-paths, streams unbuffered, and `GET /health`. The server keeps nothing in memory that must
 * survive, so several processes can run behind one load balancer.
 *
 * @param environment the settings, for the server and for the functions.
 * @param app the app whose functions are served: that of the working folder unless given.
 * @throws {Error} with one line per setting that is missing or invalid, or per prompt file that is
 *   wrong, or when it cannot listen.
 */
export async function startStandalone(
  environment: Environment,
  app: App = openApp(),
): Promise<Standalone> {
  await installPrompts(app.root);
  const { faults, warnings } = checkServerSettings(environment, listSlugs(app));
  if (faults.length > 0) {
    throw new Error(["The server cannot start:", ...faults].join("\n- "));
  }
  const { HOST: hostname, PORT: port } = createSettings(environment);
  const functions = await loadFunctions(app);
  let server: FunctionServer;
  try {
    server = await startServer(createRouter(functions, environment), { hostname, port });
  } catch (error) {
    throw describeListenFailure(error, { hostname, port }, "PORT");
  }
  return {
    url: server.url,
    slugs: [...functions.keys()].sort(),
    warnings,
    async stop() {
      await server.stop();
      await flushLedger();
    },
  };
}
