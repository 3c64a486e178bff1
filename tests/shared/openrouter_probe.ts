/** A function for tests that does nothing but call OpenRouter: one operation for each kind of call. */
import { createApp } from "../../shared/app.ts";
import {
  createCompletion,
  createEmbeddings,
  createImages,
  streamCompletion,
} from "../../shared/openrouter.ts";
import { createEnvironment, type RequestOptions, send } from "../support/caller.ts";

const { app, handler } = createApp("probe");
app.post("/completion", async (c) => c.json(await createCompletion(c.env, await c.req.json())));
app.post("/embeddings", async (c) => c.json(await createEmbeddings(c.env, await c.req.json())));
app.post("/images", async (c) => c.json(await createImages(c.env, await c.req.json())));
app.post(
  "/stream",
  async (c) => new Response(await streamCompletion(c.env, await c.req.json())),
);

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
