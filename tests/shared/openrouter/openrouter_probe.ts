/** A function for tests that does nothing but call OpenRouter: one operation for each kind of call. */
import { createApp } from "../../../shared/http/app.ts";
import type { Call } from "../../../shared/http/call.ts";
import { eventStream } from "../../../shared/http/event_stream.ts";
import { requireUser } from "../../../shared/auth/user_token.ts";
import { createCompletion, streamCompletion } from "../../../shared/openrouter/completions.ts";
import { createEmbeddings } from "../../../shared/openrouter/embeddings.ts";
import { createImages } from "../../../shared/openrouter/images.ts";
import { createEnvironment, type RequestOptions, send } from "../../support/caller.ts";

const { app, handler } = createApp("probe");
operation(
  "/completion",
  async (call) => Response.json(await createCompletion(call, await read(call))),
);
operation(
  "/embeddings",
  async (call) => Response.json(await createEmbeddings(call, await read(call))),
);
operation("/images", async (call) => Response.json(await createImages(call, await read(call))));
operation(
  "/stream",
  async (call) => eventStream(call, await streamCompletion(call, await read(call))),
);

function operation(path: string, answer: (call: Call) => Promise<Response>): void {
  app.post(path, async ({ env: call }) => {
    await requireUser(call);
    return await answer(call);
  });
}

/** The params as they were sent, with a model: nothing is asked without one. */
// deno-lint-ignore no-explicit-any
async function read(call: Call): Promise<any> {
  return { model: "a/b", ...await call.request.json() };
}

export { handler };

/** Settings that lead to `upstream`; `values` are laid over them. */
export function environmentOf({ url }: { url: string }, values: Record<string, string> = {}) {
  return createEnvironment({ OPENROUTER_BASE_URL: url, ...values });
}

/** Calls one operation and reads its whole answer. */
export function probe(
  path: "/completion" | "/embeddings" | "/images" | "/stream",
  upstream: { url: string },
  { params = {}, values = {}, ...options }:
    & { params?: unknown; values?: Record<string, string> }
    & RequestOptions = {},
) {
  return send(handler, environmentOf(upstream, values), params, { path, ...options });
}
