/**
 * The library: `withAi` turns one handler into an edge function that knows its caller, reads the
 * app's data as that caller, and calls AI models on the caller's account.
 *
 * @module
 */
import type { ZodMiniType } from "zod/mini";
import type { EdgeFunction } from "./http/handler.ts";
import { adminDb, type Database, userDb } from "./insforge/client.ts";
import { createLazyDb } from "./insforge/lazy_db.ts";
import {
  CallerContext,
  type ModelsConfig,
  type ModelsContext,
  serveCaller,
} from "./openrouter/with_models.ts";

export type { Ai, ChatParams } from "./openrouter/ai.ts";
export type { ChatAdditions, ChatAnswer } from "./openrouter/chat.ts";
export type { EdgeFunction } from "./http/handler.ts";
export type { Database } from "./insforge/client.ts";
export type { LogFields } from "./http/call.ts";
export type { Settings } from "./settings.ts";
export type { User } from "./auth/user_token.ts";
export type { Credential } from "./openrouter/with_models.ts";

/** What `withAi` has to know about a function. */
export interface AiConfig<Body> extends ModelsConfig<Body> {
  /** A schema of `zod/mini` for the request's JSON. Without it the handler reads the request itself. */
  body?: ZodMiniType<Body>;
}

/** What a handler receives. */
export interface AiContext<Body> extends ModelsContext<Body> {
  /** The app's database as the caller: row-level security applies. */
  db: Database;
  /**
   * The app's database with the project's rights, past row-level security.
   *
   * @throws {ApiError} 500 `INTERNAL_ERROR` when the setting `API_KEY` is missing.
   */
  adminDb(): Promise<Database>;
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
  return serveCaller(config, (...known) => handler(new Context(...known)));
}

class Context<Body> extends CallerContext<Body> implements AiContext<Body> {
  get db(): Database {
    return createLazyDb(() => userDb(this.user, this.settings));
  }

  // Handlers destructure the context, so this method must not depend on `this`.
  readonly adminDb = () => adminDb(this.settings);
}
