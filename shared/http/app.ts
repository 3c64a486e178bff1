/** What surrounds every function: path rule, request id, CORS, errors, the one log line. */
import { Hono } from "hono/tiny";
import { ApiError, toApiError, toErrorBody } from "../errors.ts";
import { createSettings, type Environment, type Settings } from "../settings.ts";

/** What an edge function exports: the platform calls it with the request alone. */
export interface EdgeFunction {
  (request: Request, environment?: Environment): Promise<Response>;
  /** Its operations; for tools and tests, no platform looks at them. */
  routes: { method: string; path: string }[];
}

/** The fields of a request's log line that are learnt on the way. */
export interface LogFields {
  model?: string;
  generation_id?: string;
  prompt_tokens?: number;
  completion_tokens?: number;
  /** USD, as the gateway charged it. */
  cost?: number;
  /** How a stream ended: whole, left by the caller, or with the code of an error. */
  stream?: string;
  /** Code of what really failed, where an older contract makes the answer say something else. */
  failure?: string;
  /** What whoever runs the project should know, and callers need not. */
  notice?: string;
}

/** One request on its way through a function. Handlers find it as `c.env`. */
export interface Call {
  /** The function's own. */
  readonly slug: string;
  readonly request: Request;
  readonly settings: Settings;
  readonly requestId: string;
  readonly log: LogFields;
  /** Who is calling, and pays, once that is known; see `auth.ts`. */
  userId?: string;
  /** Milliseconds since the request came in. */
  elapsedMs(): number;
  /** Leaves something to be done when the call ends, whatever its answer; it must not throw. */
  atEnd(task: () => Promise<void>): void;
  /** Lets the call outlast its answer's headers: it then ends when {@link Call.end} is called. */
  hold(): void;
  /** Ends the call: does what was left for its end, then writes the log line. To be called once. */
  end(): Promise<void>;
}

/** A function's routes; their paths are relative to the function, `/` being the function itself. */
export type App = Hono<{ Bindings: Call }>;

const EXPOSED_HEADERS = "X-Request-Id, X-Generation-Id, Retry-After";
const PREFLIGHT_SECONDS = "86400";

/**
 * Creates a function's router and the handler to export.
 *
 * The handler hides how a platform routes: a request for `/slug`, `/slug/sub` or, with the slug
 * already stripped as InsForge's cloud router does, `/sub` reaches the route `/` or `/sub`. Where a
 * platform knows no sub-paths, `/slug?route=sub` does. It answers `OPTIONS`, 404 and 405 itself,
 * renders every thrown {@link ApiError}, sets CORS headers and `X-Request-Id` on every answer, and
 * writes one JSON log line per request.
 *
 * @param slug the folder's name.
 * @param options.toErrorBody the shape of its errors, InsForge's flat one unless given.
 * @returns `app` to add routes to, `handler` to export as default.
 */
export function createApp(
  slug: string,
  options: { toErrorBody?: typeof toErrorBody } = {},
): { app: App; handler: EdgeFunction } {
  const app: App = new Hono({ getPath: (request) => toRoutePath(slug, request.url) });

  app.notFound((c) => {
    const methods = listMethods(app).filter((method) =>
      app.router.match(method, c.req.path)[0].length > 0
    );
    if (methods.length === 0) {
      throw new ApiError(404, "NOT_FOUND", `The function "${slug}" has no path ${c.req.path}`);
    }
    const allow = [...methods, "OPTIONS"].join(", ");
    throw new ApiError(405, "INVALID_INPUT", `${c.req.method} is not allowed here; use ${allow}`, {
      headers: { Allow: allow },
    });
  });
  // Rendered below instead: hono shows this handler nothing that is thrown and no Error.
  app.onError((thrown) => {
    throw thrown;
  });

  async function answer(request: Request, call: Call): Promise<Response> {
    try {
      call.settings.ALLOWED_ORIGINS; // wrong ones let nobody read what would be paid for
      return await app.fetch(request, call);
    } catch (thrown) {
      return renderError(thrown, call, options.toErrorBody ?? toErrorBody);
    }
  }

  async function handler(request: Request, environment?: Environment): Promise<Response> {
    // Platforms may pass things of their own as second argument.
    const call = new ActiveCall(slug, request, environment?.get ? environment : undefined);
    const response = request.method === "OPTIONS"
      ? new Response(null, { status: 204 })
      : await answer(request, call);
    response.headers.set("X-Request-Id", call.requestId);
    const generationId = String(call.log.generation_id ?? "");
    // Other gateways make ids of their own, and not every text can be a header.
    if (/^[\x21-\x7e]+$/.test(generationId)) response.headers.set("X-Generation-Id", generationId);
    setCorsHeaders(response.headers, request, call, app);
    await call.answered(response.status);
    return response;
  }

  return { app, handler: Object.assign(handler, { routes: app.routes }) };
}

/** The path below the function: `/chat` is `/`; `/v1/models`, `/models`, `/v1?route=models` are one. */
function toRoutePath(slug: string, address: string): string {
  const url = new URL(address);
  const own = `/${slug}`;
  const named = url.pathname === own || url.pathname.startsWith(`${own}/`);
  const path = dropTrailingSlashes(named ? url.pathname.slice(own.length) : url.pathname);
  return path || "/" + (url.searchParams.get("route") ?? "").replace(/^\/+/, "");
}

/** A path of any length without the slashes at its end. */
export function dropTrailingSlashes(path: string): string {
  // Without the look behind each slash of many would be tried, and the time grow by their square.
  return path.replace(/(?<!\/)\/+$/, "");
}

function listMethods(app: App): string[] {
  return [...new Set(app.routes.map(({ method }) => method))];
}

function renderError(thrown: unknown, call: Call, toBody: typeof toErrorBody): Response {
  const error = toApiError(thrown);
  const { log } = call as ActiveCall;
  log.error = error.code;
  if (error !== thrown) log.cause = describeBug(thrown);
  const headers = new Headers(error.headers);
  if (error.retryAfterSeconds !== undefined) {
    headers.set("Retry-After", String(Math.ceil(error.retryAfterSeconds)));
  }
  return Response.json(toBody(error), { status: error.status, headers });
}

/** Name and place of a bug. Its message is left out: it may quote a prompt, a row or a key. */
function describeBug(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `thrown ${typeof thrown}`;
  const frames = thrown.stack?.split("\n").filter((line) => /^\s+at /.test(line)) ?? [];
  return [thrown.name, ...frames.slice(0, 5).map((line) => line.trim())].join(" ");
}

function setCorsHeaders(headers: Headers, request: Request, call: Call, app: App): void {
  const origin = toAllowedOrigin(call, request);
  if (origin !== "*") headers.append("Vary", "Origin");
  if (origin === undefined) return;
  headers.set("Access-Control-Allow-Origin", origin);
  headers.set("Access-Control-Expose-Headers", EXPOSED_HEADERS);
  if (request.method !== "OPTIONS") return;
  headers.set("Access-Control-Allow-Methods", [...listMethods(app), "OPTIONS"].join(", "));
  headers.set(
    "Access-Control-Allow-Headers",
    request.headers.get("Access-Control-Request-Headers") ?? "Authorization, Content-Type",
  );
  headers.set("Access-Control-Max-Age", PREFLIGHT_SECONDS);
}

/** `*`, the request's own origin where it is listed, or nothing: then a browser hides the answer. */
function toAllowedOrigin({ settings, log }: Call, request: Request): string | undefined {
  let allowed: string[];
  try {
    allowed = settings.ALLOWED_ORIGINS;
  } catch (unfit) {
    (log as ActiveCall["log"]).cause = (unfit as ApiError).message;
    return undefined;
  }
  if (allowed.includes("*")) return "*";
  const origin = request.headers.get("Origin") ?? "";
  return allowed.includes(origin) ? origin : undefined;
}

class ActiveCall implements Call {
  readonly settings: Settings;
  readonly requestId: string;
  readonly log: LogFields & { error?: string; cause?: string } = {};
  userId?: string;
  #startedAt = performance.now();
  #status = 0;
  #firstByteMs = 0;
  #held = false;
  #tasks: (() => Promise<void>)[] = [];

  constructor(readonly slug: string, readonly request: Request, environment?: Environment) {
    this.settings = createSettings(environment);
    this.requestId = toRequestId(request.headers.get("X-Request-Id"));
  }

  atEnd(task: () => Promise<void>): void {
    this.#tasks.push(task);
  }

  hold(): void {
    this.#held = true;
  }

  async answered(status: number): Promise<void> {
    this.#status = status;
    this.#firstByteMs = this.elapsedMs();
    if (!this.#held) await this.end();
  }

  elapsedMs(): number {
    return Math.round((performance.now() - this.#startedAt) * 10) / 10;
  }

  async end(): Promise<void> {
    for (const task of this.#tasks) await task();
    console.log(JSON.stringify({
      timestamp: new Date().toISOString(),
      slug: this.slug,
      request_id: this.requestId,
      user_id: this.userId,
      method: this.request.method,
      status: this.#status,
      ms: this.elapsedMs(),
      first_byte_ms: this.#firstByteMs,
      ...this.log,
    }));
  }
}

/** The caller's own id where it is one, so that a trace can be followed across services. */
function toRequestId(given: string | null): string {
  return given && /^[\w.:-]{1,128}$/.test(given) ? given : crypto.randomUUID();
}
