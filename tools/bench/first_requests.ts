/** A request for each function, for a process or worker that has just started. */
import { createChatRequest, MODELS } from "./canned.ts";

/** One request to a function. */
export interface FirstRequest {
  method: "GET" | "POST";
  /** The query, which names the route where a function has several. */
  query: string;
  /** JSON; none with GET. */
  body?: string;
}

const CHAT = createChatRequest(MODELS.fast, 1_000);
const LEGACY_CHAT: FirstRequest = {
  method: "POST",
  query: "?route=ai/chat/completion",
  body: CHAT,
};

const KNOWN: Record<string, FirstRequest> = {
  chat: { method: "POST", query: "", body: CHAT },
  stream: { method: "POST", query: "", body: createChatRequest(MODELS.fast, 1_000, true) },
  v1: { method: "POST", query: "?route=chat/completions", body: CHAT },
  "legacy-compat": LEGACY_CHAT,
  api: LEGACY_CHAT,
  embeddings: { method: "POST", query: "", body: '{"input":"carrots"}' },
  hono: { method: "POST", query: "", body: CHAT },
  "hono-passthrough": { method: "POST", query: "", body: CHAT },
  models: { method: "GET", query: "" },
};

/**
 * Returns a request that a function serves as it would in an app. Other functions get one with an empty
 * body, which they refuse after they have checked the token.
 */
export function toFirstRequest(slug: string): FirstRequest {
  return KNOWN[slug] ?? { method: "POST", query: "", body: "{}" };
}

/**
 * Sends the first request to a function and reads the whole response.
 *
 * @returns the status.
 * @throws {Error} when the token is rejected, because the function then did next to nothing.
 */
export async function sendFirstRequest(
  url: string,
  slug: string,
  { token, timeoutMs }: { token: string; timeoutMs: number },
): Promise<number> {
  const { method, query, body } = toFirstRequest(slug);
  const response = await fetch(`${url}/${slug}${query}`, {
    method,
    headers: { "Authorization": `Bearer ${token}`, "Content-Type": "application/json" },
    body,
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await response.text();
  if (response.status === 401) throw new Error(`${slug} rejected the token: ${text}`);
  return response.status;
}
