/**
 * The library: `withAi` turns one handler into an edge function that knows its caller, reads the
 * app's data as that caller, and calls AI models on the caller's account.
 *
 * @module
 */
import type { ZodMiniType } from "zod/mini";
import { findProjectKey, requireProjectKey } from "./auth/project_keys.ts";
import { requireUser, type User } from "./auth/user_token.ts";
import { createApp, type EdgeFunction } from "./http/app.ts";
import { readBody } from "./http/body.ts";
import type { Call, LogFields } from "./http/call.ts";
import { adminDb, type Database, userDb } from "./insforge/client.ts";
import { createLazyDb } from "./insforge/lazy_db.ts";
import { type Ai, createAi } from "./openrouter/ai.ts";
import type { Settings } from "./settings.ts";

export type { Ai, ChatParams } from "./openrouter/ai.ts";
export type { ChatAdditions, ChatAnswer } from "./openrouter/chat.ts";
export type { EdgeFunction } from "./http/app.ts";
export type { Database } from "./insforge/client.ts";
export type { LogFields } from "./http/call.ts";
export type { Settings } from "./settings.ts";
export type { User } from "./auth/user_token.ts";

/** Who may call a function: signed-in users, or holders of the project's API key. */
export type Credential = "user" | "api-key";

/** What `withAi` has to know about a function. */
export interface AiConfig<Body> {
  /** The name of the function's folder, which is its URL. */
  slug: string;
  /** Who may call it; `"user"` unless given. */
  auth?: Credential | Credential[];
  /** A schema of `zod/mini` for the request's JSON. Without it the handler reads the request itself. */
  body?: ZodMiniType<Body>;
  /** The largest body, in bytes, where the setting `MAX_BODY_BYTES` is not set; 1 MiB unless given. */
  maxBodyBytes?: number;
  /**
   * Whether the function writes its prompts itself, and passes on nothing that a caller wrote but texts
   * of the user. Without it, a model can only be called by an assistant when the setting
   * `ASSISTANTS_ONLY` is on.
   */
  ownPrompts?: boolean;
}

/** What a handler receives. */
export interface AiContext<Body> {
  /** The request; its body is read already when the function has a schema. */
  request: Request;
  /** The checked body, unknown fields included; undefined without a schema. */
  body: Body;
  /** The caller, who pays. For the project's API key its id is `api-key`. */
  user: User;
  /** Aborted when the caller closes the connection or `REQUEST_DEADLINE_MS` has passed. */
  signal: AbortSignal;
  /** The settings of this request. */
  settings: Settings;
  /** Fields of the request's log line, to be added to. */
  log: LogFields;
  /** Milliseconds since the request arrived. */
  elapsedMs(): number;
  /** The app's database as the caller: row-level security applies. */
  db: Database;
  /**
   * The app's database with the project's rights, past row-level security.
   *
   * @throws {ApiError} 500 `INTERNAL_ERROR` when the setting `API_KEY` is missing.
   */
  adminDb(): Promise<Database>;
  /** AI models, on the caller's account. */
  ai: Ai;
}

/** Handles one request whose caller is known. A thrown `ApiError` becomes the response. */
export type AiHandler<Body> = (context: AiContext<Body>) => Response | Promise<Response>;

/**
 * Creates an edge function with one route, `POST /<slug>`.
 *
 * Before the handler runs, the credential is checked and the body is read, in this order. AI calls are
 * possible only through `ai`, so each has a caller to charge.
 *
 * @example
 * ```ts
 * import { withAi } from "insforge-ai-functions";
 * import * as z from "zod/mini";
 *
 * const body = z.object({ text: z.string().check(z.maxLength(4000)), to: z.string() });
 *
 * export default withAi({ slug: "translate", body }, async ({ body, ai }) => {
 *   const { text } = await ai.complete({
 *     system: `Translate into ${body.to}. Answer with the translation only.`,
 *     prompt: body.text,
 *   });
 *   return Response.json({ text });
 * });
 * ```
 *
 * @param config what to accept, and from whom.
 * @param handler makes the response.
 * @returns the handler to export as the function's default.
 *   A mistake in `config` is logged with what to change, and answers 500.
 */
export function withAi<Body = undefined>(
  config: AiConfig<Body>,
  handler: AiHandler<Body>,
): EdgeFunction {
  const { slug, body, maxBodyBytes: maxBytes, ownPrompts } = config;
  const accepted = [config.auth ?? "user"].flat();
  async function post(call: Call): Promise<Response> {
    const user = await requireCaller(call, accepted);
    const value = body ? await readBody(call, body, { maxBytes }) : undefined;
    return await handler(new Context(call, user, value as Body));
  }
  return createApp(slug, { post, ownPrompts }).handler;
}

async function requireCaller(call: Call, accepted: Credential[]): Promise<User> {
  if (!accepted.includes("api-key")) return await requireUser(call);
  if (!accepted.includes("user") || await findProjectKey(call)) {
    return await requireProjectKey(call);
  }
  return await requireUser(call);
}

/** What a handler receives; parts that not every handler needs are made when they are read. */
class Context<Body> implements AiContext<Body> {
  readonly request: Request;
  readonly settings: Settings;
  readonly log: LogFields;
  readonly #call: Call;
  #signal: AbortSignal | undefined;

  constructor(call: Call, readonly user: User, readonly body: Body) {
    this.#call = call;
    this.request = call.request;
    this.settings = call.settings;
    this.log = call.log;
  }

  get signal(): AbortSignal {
    const leftMs = this.settings.REQUEST_DEADLINE_MS - this.elapsedMs();
    const deadline = () => AbortSignal.timeout(Math.max(0, Math.round(leftMs)));
    return this.#signal ??= AbortSignal.any([this.request.signal, deadline()]);
  }

  get db(): Database {
    return createLazyDb(() => userDb(this.user, this.settings));
  }

  // Handlers take these out of the context, so they must not depend on `this`.
  readonly adminDb = () => adminDb(this.settings);
  readonly elapsedMs = () => this.#call.elapsedMs();

  get ai(): Ai {
    return createAi(this.#call);
  }
}
