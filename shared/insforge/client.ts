/** Clients of the app's InsForge project. The only module that imports `@insforge/sdk`. */
import type { InsForgeClient } from "@insforge/sdk";
import { ApiError } from "../errors.ts";
import type { Settings } from "../settings.ts";

/** The user on whose behalf InsForge is called. */
export interface Caller {
  /** The user's access token: InsForge applies this user's rights. Secret. */
  readonly token: string;
}

/** InsForge's query builder. */
export type Database = InsForgeClient["database"];

/** How long to wait for each response of InsForge, unless a call says otherwise. */
export const DATA_TIMEOUT_MS = 15_000;

/** What differs between the clients of one project. */
export interface ClientOptions {
  /** The token to send as bearer. */
  token: string;
  /** How long to wait for each response; 15 s unless given. */
  timeoutMs?: number;
}

/**
 * The database as the calling user sees it: row-level security applies.
 *
 * @throws {ApiError} 500 `INTERNAL_ERROR` when the setting `INSFORGE_BASE_URL` is missing.
 */
export async function userDb({ token }: Caller, settings: Settings): Promise<Database> {
  return (await createClient(settings, { token })).database;
}

/**
 * The database with the project's own rights, past row-level security: for the package's own tables
 * and routines (`ai_*`).
 *
 * @throws {ApiError} 500 `INTERNAL_ERROR` when the setting `API_KEY` or `INSFORGE_BASE_URL` is missing.
 */
export async function adminDb(settings: Settings): Promise<Database> {
  return (await createClient(settings, { token: requireApiKey(settings) })).database;
}

/**
 * The project's API key.
 *
 * @throws {ApiError} 500 `INTERNAL_ERROR` when the setting `API_KEY` is missing.
 */
export function requireApiKey({ API_KEY }: Settings): string {
  if (API_KEY) return API_KEY;
  const message = "The setting API_KEY is missing; it must be the InsForge project's API key";
  throw new ApiError(500, "INTERNAL_ERROR", message);
}

/** The URL at which the functions reach InsForge, if it is set; see {@link requireInsForgeUrl}. */
export function findInsForgeUrl(
  { INSFORGE_INTERNAL_URL, INSFORGE_BASE_URL }: Settings,
): string | undefined {
  return INSFORGE_INTERNAL_URL ?? INSFORGE_BASE_URL;
}

/**
 * The URL at which the functions reach InsForge. It may be internal to a self-hosted installation, so
 * it must never appear in a response.
 *
 * @throws {ApiError} 500 `INTERNAL_ERROR` when the setting `INSFORGE_BASE_URL` is missing.
 */
export function requireInsForgeUrl(settings: Settings): string {
  const url = findInsForgeUrl(settings);
  if (url) return url;
  const message =
    "The setting INSFORGE_BASE_URL must be the http or https URL of the InsForge project";
  throw new ApiError(500, "INTERNAL_ERROR", message);
}

/** Creates an SDK client. The SDK is loaded late, because most requests do not need it. */
export async function createClient(
  settings: Settings,
  { token, timeoutMs = DATA_TIMEOUT_MS }: ClientOptions,
): Promise<InsForgeClient> {
  const baseUrl = requireInsForgeUrl(settings);
  const sdk = await import("@insforge/sdk");
  return sdk.createClient({
    baseUrl,
    accessToken: token,
    timeout: timeoutMs,
    retryCount: 1,
    retryDelay: 200,
    fetch: fetchWhole,
  });
}

/** The SDK's own timeout ends with the headers of a response, and a body may never come. */
async function fetchWhole(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init);
  const bytes = await response.bytes();
  return new Response(bytes.length > 0 ? bytes : null, response);
}
