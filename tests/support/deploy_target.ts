/**
 * An InsForge project on 127.0.0.1 to deploy to: the embedded InsForge, fully controlled by the
 * test.
 */
import type { Deployment, FunctionProject } from "../../tools/local/insforge/functions/host.ts";
import { createEmbeddedInsForge, type EmbeddedInsForge } from "../../tools/local/insforge/mod.ts";
import type { Clock } from "../../tools/deploy/clock.ts";

export const API_KEY = "ik_canary0123456789abcdef";

/** A clock that stands still. When the code under test sleeps, it jumps to the end of the sleep. */
export class FakeClock implements Clock {
  ms = Date.UTC(2026, 0, 2, 3, 4, 5);
  now = () => this.ms;
  sleep = (ms: number, signal?: AbortSignal) => {
    this.ms += ms;
    return new Promise<void>((resolve, reject) =>
      signal?.aborted ? reject(signal.reason) : resolve()
    );
  };
}

/** A project, and what a test can do with it. */
export interface DeployTarget extends AsyncDisposable {
  url: string;
  insforge: EmbeddedInsForge;
  /** Whether it deploys functions when they are written, as cloud does, or when they are called. */
  cloud: boolean;
  /** Returns what is wrong with a revision on cloud, as its build logs. */
  findFault: (project: FunctionProject) => string | undefined;
  /** The admin calls so far, such as `PUT /api/functions/chat`. */
  calls: string[];
  /** Handles requests before the project does; `next` is the project. */
  intercept: (request: Request, next: () => Promise<Response>) => Promise<Response>;
  /** Calls the admin API; writes count towards the limit like all others. */
  admin(method: string, path: string, body?: unknown): Promise<Response>;
  /** The code that runs, by slug: the last good revision on cloud, the stored code elsewhere. */
  running(): Record<string, string>;
  /** Deletes all functions and secrets, and advances the clock. */
  clear(): Promise<void>;
}

/** Starts an empty self-hosted project, whose limit on writes uses the same clock. */
export async function createDeployTarget(clock: FakeClock): Promise<DeployTarget> {
  let running: FunctionProject = { functions: {}, secrets: {} };
  let revision = 0;

  const target: DeployTarget = {
    url: "",
    cloud: false,
    findFault: () => undefined,
    calls: [],
    intercept: (_request, next) => next(),
    running: () =>
      Object.fromEntries(Object.entries(running.functions).sort(([a], [b]) => a < b ? -1 : 1)),
    insforge: await createEmbeddedInsForge({
      baseUrl: () => target.url,
      apiKey: API_KEY,
      now: clock.now,
      host: {
        url: () => target.cloud && revision > 0 ? `${target.url}/cloud` : null,
        deploy,
        run: (slug, request) => run(slug, request),
        close: () => Promise.resolve(),
      },
    }),
    admin: async (method, path, body) =>
      await target.insforge.handler(
        new Request(target.url + path, {
          method,
          headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" },
          body: body === undefined ? undefined : JSON.stringify(body),
        }),
      ),
    clear: async () => {
      Object.assign(target, { cloud: false, findFault: () => undefined, calls: [] });
      target.intercept = (_request, next) => next();
      const { functions } = await (await target.admin("GET", "/api/functions")).json();
      for (const { slug } of functions) {
        clock.ms += 300_000;
        await target.admin("DELETE", `/api/functions/${slug}`);
      }
      const { secrets } = await (await target.admin("GET", "/api/secrets")).json();
      for (const { key, isReserved } of secrets) {
        if (!isReserved) await target.admin("DELETE", `/api/secrets/${key}`);
      }
      clock.ms += 300_000;
      revision = 0;
      running = { functions: {}, secrets: {} };
    },
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      await target.insforge.close();
    },
  };

  function deploy(project: FunctionProject): Promise<Deployment | null> {
    const logs = target.findFault(project);
    if (!target.cloud || logs === undefined) {
      running = project;
      revision += target.cloud ? 1 : 0;
    }
    const status = logs === undefined ? "success" as const : "failed" as const;
    const buildLogs = logs === undefined ? undefined : [logs];
    const report = { id: `r${revision}`, status, url: null, buildLogs };
    return Promise.resolve(target.cloud ? report : null);
  }

  async function run(slug: string, request: Request): Promise<Response> {
    const code = running.functions[slug];
    if (code === undefined) return Response.json({ error: "Function not found" }, { status: 404 });
    try {
      const module = { exports: (_: Request) => new Response() };
      new Function("module", code)(module);
      return await module.exports(request);
    } catch (error) {
      return Response.json({ error: (error as Error).message }, { status: 500 });
    }
  }

  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/api/")) target.calls.push(`${request.method} ${pathname}`);
    return target.intercept(request, () => {
      if (!pathname.startsWith("/cloud/")) return target.insforge.handler(request);
      return run(pathname.slice("/cloud/".length), request);
    });
  });
  target.url = `http://127.0.0.1:${server.addr.port}`;
  return target;
}

/** A function that refuses a request without a token as this package's functions do. */
export function workingCode(version: string): string {
  return `// ${version}
    module.exports = (request) => Response.json(
      { error: "AUTH_INVALID_CREDENTIALS", message: "No token provided", statusCode: 401 },
      { status: 401, headers: { "X-Request-Id": request.headers.get("X-Request-Id") } },
    );`;
}

/** A function that can be stored, and throws when it is called. */
export function throwingCode(version: string): string {
  return `// ${version}
    module.exports = () => { throw new Error("thrown by ${version}"); };`;
}
