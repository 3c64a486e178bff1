/** InsForge's REST API by plain `fetch`, for the calls that do not need the SDK's query builder. */
import type { Settings } from "../settings.ts";
import { DATA_TIMEOUT_MS, requireInsForgeUrl } from "./client.ts";
import { unavailable } from "./failures.ts";

/** One request to InsForge. */
export interface RestRequest {
  /** The path below the project's URL, such as `/api/database/rpc/ai_reserve`. */
  path: string;
  /** The token to send as bearer; none for public routes. */
  token?: string;
  /** A JSON value to post. Without it the path is fetched, and fetched again after a failure. */
  body?: unknown;
  /** How long to wait for each response, body included; 15 s unless given. */
  timeoutMs?: number;
}

/** A response of InsForge. */
export interface RestResponse {
  /** The HTTP status. */
  status: number;
  /** The JSON value; `null` for an empty body, `undefined` for a body that is not JSON. */
  body: unknown;
}

const RETRYABLE = [500, 502, 503, 504];
const RETRY_DELAY_MS = 200;

/**
 * Sends a request to InsForge. A GET is sent a second time when InsForge cannot be reached or fails.
 *
 * @returns the response, whatever its status.
 * @throws {ApiError} 502 `UPSTREAM_FAILURE` when InsForge cannot be reached or does not respond in
 *   time; 500 `INTERNAL_ERROR` when the setting `INSFORGE_BASE_URL` is missing.
 */
export async function callInsForge(
  settings: Settings,
  request: RestRequest,
): Promise<RestResponse> {
  const url = requireInsForgeUrl(settings) + request.path;
  const mayRepeat = request.body === undefined;
  try {
    const response = await send(url, request);
    if (!mayRepeat || !RETRYABLE.includes(response.status)) return response;
  } catch (cause) {
    if (!mayRepeat || cause instanceof TimeoutError) throw unavailable(cause);
  }
  await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS));
  return await send(url, request).catch((cause) => {
    throw unavailable(cause);
  });
}

async function send(
  url: string,
  { token, body, timeoutMs = DATA_TIMEOUT_MS }: RestRequest,
): Promise<RestResponse> {
  const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new TimeoutError()), timeoutMs);
  try {
    const response = await fetch(url, {
      method: body === undefined ? "GET" : "POST",
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: controller.signal,
    });
    return { status: response.status, body: parse(await response.text()) };
  } finally {
    clearTimeout(timer);
  }
}

class TimeoutError extends Error {}

function parse(text: string): unknown {
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
