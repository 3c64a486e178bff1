/** Edge functions with one route whose caller is known and pays for the models that are called. */
import type { ZodMiniType } from "zod/mini";
import { findProjectKey, requireProjectKey } from "../auth/project_keys.ts";
import { requireUser, type User } from "../auth/user_token.ts";
import { type LateSchema, readBody } from "../http/body.ts";
import type { Call, LogFields } from "../http/call.ts";
import { createPostHandler, type EdgeFunction } from "../http/handler.ts";
import type { Settings } from "../settings.ts";
import { type Ai, createAi } from "./ai.ts";

/** Who may call a function: signed-in users, or holders of the project's API key. */
export type Credential = "user" | "api-key";

/** What has to be known about a function. */
export interface ModelsConfig<Body> {
  /** The name of the function's folder, which is its URL. */
  slug: string;
  /** Who may call it; `"user"` unless given. */
  auth?: Credential | Credential[];
  /** A schema of `zod/mini` for the request's JSON. Without it the handler reads the request itself. */
  body?: ZodMiniType<Body> | LateSchema<Body>;
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
export interface ModelsContext<Body> {
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
  /** AI models, on the caller's account. */
  ai: Ai;
}

/**
 * Creates an edge function as `withAi` does, for a handler that reads no data: it gets no `db`. Without
 * it, the artefact does not import InsForge's SDK, which Deno resolves in every cold start. The package
 * does not export this function.
 *
 * @param config what to accept, and from whom.
 * @param handler makes the response.
 */
export function withModels<Body = undefined>(
  config: ModelsConfig<Body>,
  handler: (context: ModelsContext<Body>) => Response | Promise<Response>,
): EdgeFunction {
  return serveCaller(config, (...known) => handler(new CallerContext(...known)));
}

/**
 * Creates an edge function that checks the credential, reads the body, and then calls `run`. It is what
 * `withAi` and `withModels` share.
 *
 * @param run makes the response for a caller and a checked body.
 */
export function serveCaller<Body>(
  config: ModelsConfig<Body>,
  run: (call: Call, user: User, body: Body) => Response | Promise<Response>,
): EdgeFunction {
  const { slug, body, maxBodyBytes: maxBytes, ownPrompts } = config;
  const accepted = [config.auth ?? "user"].flat();
  const takesKey = accepted.includes("api-key");
  async function post(call: Call): Promise<Response> {
    const user = await (takesKey ? requireKeyOrUser(call, accepted) : requireUser(call));
    const value = body ? await readBody(call, body, { maxBytes }) : undefined;
    return await run(call, user, value as Body);
  }
  return createPostHandler(slug, post, { ownPrompts });
}

async function requireKeyOrUser(call: Call, accepted: Credential[]): Promise<User> {
  if (!accepted.includes("user") || await findProjectKey(call)) {
    return await requireProjectKey(call);
  }
  return await requireUser(call);
}

/** What a handler receives; parts that not every handler needs are made when they are read. */
export class CallerContext<Body> implements ModelsContext<Body> {
  readonly request: Request;
  readonly settings: Settings;
  readonly log: LogFields;
  readonly #call: Call;
  #signal: AbortSignal | undefined;

  /** Opens the context of a call whose caller and body have been checked. */
  constructor(
    call: Call,
    /** The caller, who pays. */
    readonly user: User,
    /** The checked body. */
    readonly body: Body,
  ) {
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

  // Handlers destructure the context, so this method must not depend on `this`.
  readonly elapsedMs = () => this.#call.elapsedMs();

  get ai(): Ai {
    return createAi(this.#call);
  }
}
