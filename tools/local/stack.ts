/**
 * Everything that an app needs on one machine: the functions, an embedded InsForge and a simulated
 * OpenRouter, which also plays the other gateways. Each has its own port. The last two can be replaced
 * by the real services.
 */
import { listAssistants } from "../../shared/assistants/assistant.ts";
import { chooseGateway } from "../../shared/gateway/gateway.ts";
import {
  createSettings,
  type Environment,
  type Settings,
  withValues,
} from "../../shared/settings.ts";
import { type App, openApp } from "../app.ts";
import { createRouter, loadFunctions } from "../functions.ts";
import { installPrompts } from "../prompts/folder.ts";
import { describeListenFailure, type Handler, startServer } from "../start/server.ts";
import { toServerUrl } from "../start/server_url.ts";
import { createDemoData, DEMO_USERS } from "./insforge/demo.ts";
import { createDemoIndex } from "./insforge/demo/search_index.ts";
import { createEmbeddedInsForge, type EmbeddedInsForge } from "./insforge/mod.ts";
import { guardLoopback } from "./loopback_guard.ts";
import { applyMigrations } from "./migrations.ts";
import { toSimulatedGateways } from "./openrouter/gateways/settings.ts";
import { createSimulatedOpenRouter, type SimulatedOpenRouter } from "./openrouter/mod.ts";
import { createPages } from "./pages.ts";

/** A running stack. `insforge` and `openrouter` are absent when the real ones are used. */
export interface Stack extends AsyncDisposable {
  functionsUrl: string;
  insforgeUrl: string;
  openrouterUrl: string;
  /** The title of the gateway. `gatewayUrl` is its URL. */
  gateway: string;
  gatewayUrl: string;
  slugs: string[];
  /** The assistant that requests have to name, when `ASSISTANTS_ONLY` is set. */
  assistant?: string;
  insforge?: EmbeddedInsForge;
  openrouter?: SimulatedOpenRouter;
}

/** Seals users' own keys. The simulated OpenRouter issues them, so they are worth nothing. */
const LOCAL_ENCRYPTION_KEY = "0".repeat(64);

/**
 * Starts the stack. `INSFORGE_BASE_URL` replaces the embedded InsForge. The key of the chosen gateway
 * replaces the simulated one, and for OpenRouter also `OPENROUTER_BASE_URL`. The embedded parts are for
 * development. They listen on 127.0.0.1 only.
 *
 * @param environment where settings come from; a port of 0 takes any free one.
 * @param options.app the app whose functions are served: that of the working folder unless given.
 * @param options.dataDir where the embedded InsForge keeps its data; in memory unless given.
 * @returns once all servers listen.
 * @throws {Error} when a server cannot listen, with the setting, or when a prompt file is wrong.
 */
export async function startStack(
  environment: Environment,
  { app = openApp(), dataDir }: { app?: App; dataDir?: string } = {},
): Promise<Stack> {
  await installPrompts(app.root);
  const settings = createSettings(environment);
  await using started = new AsyncDisposableStack();
  const secrets: Record<string, string> = {};
  const router = {
    handle: (_: Request): Promise<Response> =>
      Promise.reject(new Error("The functions are not loaded yet")),
  };

  const hasOpenRouter = Boolean(
    settings.OPENROUTER_API_KEY || environment.get("OPENROUTER_BASE_URL")?.trim(),
  );
  // Servers other than OpenRouter may need no key, but get one.
  if (!settings.OPENROUTER_API_KEY) secrets.OPENROUTER_API_KEY = "sk-or-v1-local";

  let openrouter: SimulatedOpenRouter | undefined;
  if (!hasGateway(settings, hasOpenRouter)) {
    openrouter = createSimulatedOpenRouter();
    const url = listen(started, openrouter.handler, "OPENROUTER_PORT", settings.OPENROUTER_PORT);
    if (!hasOpenRouter) secrets.OPENROUTER_BASE_URL = `${url}/api/v1`;
    Object.assign(secrets, toSimulatedGateways(url, settings));
  }

  let insforge: EmbeddedInsForge | undefined;
  if (!settings.INSFORGE_BASE_URL) {
    insforge = await createEmbeddedInsForge({
      dataDir,
      baseUrl: () => secrets.INSFORGE_BASE_URL!,
      jwtSecret: settings.JWT_SECRET,
      reservedSecrets: { ...secrets },
      functions: (slug, request) =>
        router.handle(
          new Request(new URL(`/${slug}${new URL(request.url).search}`, request.url), request),
        ),
    });
    const { close, handler } = insforge;
    started.defer(() => close());
    await applyMigrations(insforge, app);
    await createDemoData(insforge);
    await createDemoIndex(insforge);
    const guarded = guardLoopback(handler, settings.ALLOWED_ORIGINS);
    const url = listen(started, guarded, "INSFORGE_PORT", settings.INSFORGE_PORT);
    Object.assign(secrets, insforge.secrets, { INSFORGE_BASE_URL: url });
  }

  const all = withValues(secrets, environment);
  const functions = await loadFunctions(app);
  router.handle = createRouter(functions, all);
  const used = createSettings(all);
  const { INSFORGE_BASE_URL, OPENROUTER_BASE_URL } = used;
  const slugs = [...functions.keys()];
  const pages = createPages({
    insforgeUrl: INSFORGE_BASE_URL!,
    isSimulated: openrouter !== undefined,
    demoUsers: insforge ? DEMO_USERS.map(({ tickets: _, ...user }) => user) : [],
    slugs,
  }, { app, next: router.handle });
  const functionsUrl = await listenForCallers(started, pages, settings);
  if (insforge && openrouter) {
    const connecting = {
      KEYS_ENCRYPTION_KEY: LOCAL_ENCRYPTION_KEY,
      // The playground, by both names of this machine.
      CONNECT_RETURN_URLS: ["127.0.0.1", "localhost"]
        .map((name) => `http://${name}:${new URL(functionsUrl).port}/`).join(),
    };
    for (const [name, value] of Object.entries(connecting)) {
      if (!environment.get(name)?.trim()) secrets[name] = value;
    }
  }
  const stop = started.move();
  return {
    functionsUrl,
    insforgeUrl: INSFORGE_BASE_URL!,
    openrouterUrl: OPENROUTER_BASE_URL,
    gateway: chooseGateway(used).title,
    gatewayUrl: chooseGateway(used).url,
    slugs,
    assistant: settings.ASSISTANTS_ONLY ? listAssistants()[0]?.name : undefined,
    insforge,
    openrouter,
    [Symbol.asyncDispose]: () => stop.disposeAsync(),
  };
}

/** Whether the chosen gateway is a real one. */
function hasGateway(settings: Settings, hasOpenRouter: boolean): boolean {
  const { keySetting } = chooseGateway(settings);
  return keySetting === "OPENROUTER_API_KEY" ? hasOpenRouter : settings[keySetting] !== undefined;
}

/** Serves the functions with the server of `deno task start`. */
async function listenForCallers(
  started: AsyncDisposableStack,
  handler: Handler,
  { HOST: hostname, PORT: port }: Settings,
): Promise<string> {
  try {
    const server = await startServer(handler, { hostname, port });
    started.defer(() => server.close());
    return server.url;
  } catch (error) {
    throw describeListenFailure(error, { hostname, port }, "PORT");
  }
}

function listen(
  started: AsyncDisposableStack,
  handler: Handler,
  setting: string,
  port: number,
): string {
  try {
    // Aborting ends streams in progress. A graceful shutdown would wait for them.
    const stop = new AbortController();
    const server = Deno.serve(
      { hostname: "127.0.0.1", port, signal: stop.signal, onListen: () => {} },
      (request) => handler(request),
    );
    started.defer(async () => {
      stop.abort();
      await server.finished;
    });
    return toServerUrl(server.addr);
  } catch (cause) {
    throw new Error(
      cause instanceof Deno.errors.AddrInUse
        ? `Port ${port} is in use; set ${setting} to a free one`
        : `The server cannot listen on port ${port}; set ${setting} to another one`,
      { cause },
    );
  }
}
