/** Data in InsForge: the app's own, read and written as the calling user, and the package's tables. */
import type { InsForgeClient } from "@insforge/sdk";
import { ApiError } from "../errors.ts";
import {
  type DataError,
  toAdminError,
  toReadError,
  toStorageError,
  unavailable,
} from "./failures.ts";
import type { Settings } from "../settings.ts";
import type { Fields } from "../fields.ts";

/** Whose rows and objects: what is done here is done with this user's rights and no others. */
export interface Caller {
  readonly token: string;
}

/** One condition on a column, in PostgREST's terms. */
export interface Filter {
  column: string;
  op: "eq" | "neq" | "gt" | "gte" | "lt" | "lte" | "like" | "ilike" | "is" | "in";
  value: unknown;
}

/** Which rows of one table to read. Names are identifiers, checked before they come here. */
export interface RowQuery {
  table: string;
  columns?: string[];
  filters?: Filter[];
  order?: { column: string; ascending?: boolean };
  limit: number;
}

const AUTH_TIMEOUT_MS = 5_000;
/** How long each of InsForge's answers is waited for, unless a call says otherwise. */
export const DATA_TIMEOUT_MS = 15_000;

/**
 * Asks InsForge whose access token this is.
 *
 * @returns the user's id, or nothing when InsForge refuses the token.
 * @throws {ApiError} 502 `UPSTREAM_FAILURE` when InsForge does not answer or fails.
 */
export async function getUserId(token: string, settings: Settings): Promise<string | undefined> {
  const client = await connect(token, settings, AUTH_TIMEOUT_MS);
  const { data, error } = await client.auth.getCurrentUser();
  if (data.user?.id) return data.user.id;
  if (error?.statusCode === 401 || error?.statusCode === 403) return undefined;
  throw unavailable(error);
}

/**
 * Reads at most `limit` rows that the calling user is allowed to see; rows hidden by row-level
 * security are absent, not an error.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` for a table or column that does not exist or a value that
 *   does not fit its column, 403 `FORBIDDEN` when the user has no right to the table, 401
 *   `AUTH_UNAUTHORIZED` when InsForge no longer takes the token, 502 `UPSTREAM_FAILURE` when
 *   InsForge does not answer or fails.
 */
export async function readRows(
  caller: Caller,
  query: RowQuery,
  settings: Settings,
): Promise<Fields[]> {
  const { database: db } = await connect(caller.token, settings, DATA_TIMEOUT_MS);
  let request = db.from(query.table).select(query.columns?.join(",") ?? "*").limit(query.limit);
  for (const { column, op, value } of query.filters ?? []) {
    request = request.filter(column, op, op === "in" ? toList(value as unknown[]) : value);
  }
  if (query.order) {
    request = request.order(query.order.column, { ascending: query.order.ascending ?? true });
  }
  const { data, error, status } = await request;
  if (error) throw toReadError(error as DataError, status, query);
  if (!Array.isArray(data)) throw unavailable(data); // a proxy's page, or nothing at all
  return data as unknown as Fields[];
}

/** An object in InsForge's storage. */
export interface StoredObject {
  bucket: string;
  key: string;
  /** Public buckets: loads in a browser as it is. Private ones: needs the user's token. */
  url: string;
}

/**
 * Asks storage whether it would take an image into a bucket, before one is paid for.
 *
 * It promises nothing of the upload itself: policies decide object by object, so the key asked for
 * begins as the real ones will.
 *
 * @throws {ApiError} as {@link uploadObject}.
 */
export async function requireBucket(
  caller: Caller,
  { bucket, prefix = "" }: { bucket: string; prefix?: string },
  settings: Settings,
): Promise<void> {
  const client = await connect(caller.token, settings, DATA_TIMEOUT_MS);
  const path = `/api/storage/buckets/${encodeURIComponent(bucket)}/upload-strategy`;
  const filename = `${prefix}${crypto.randomUUID()}.png`;
  const image = { filename, contentType: "image/png", size: 1 };
  try {
    await client.getHttpClient().post(path, image);
  } catch (error) {
    throw toStorageError(error, bucket);
  }
}

/**
 * Uploads one object as the calling user, replacing what stands under the same key.
 *
 * @param timeoutMs how long to wait for each of InsForge's two answers, 15 s unless given.
 * @throws {ApiError} 400 `STORAGE_NOT_FOUND` when there is no such bucket, 403
 *   `STORAGE_PERMISSION_DENIED` when the user may not write it, 413 `INVALID_INPUT` when the object
 *   is larger than the project allows, 400 `INVALID_INPUT` when storage refuses it otherwise, 401
 *   `AUTH_UNAUTHORIZED` when InsForge no longer takes the token, 502 `UPSTREAM_FAILURE` when it does
 *   not answer or fails.
 */
export async function uploadObject(
  caller: Caller,
  { bucket, key, content }: { bucket: string; key: string; content: Blob },
  settings: Settings,
  timeoutMs = DATA_TIMEOUT_MS,
): Promise<StoredObject> {
  const client = await connect(caller.token, settings, timeoutMs);
  const { data, error } = await client.storage.from(bucket).upload(key, content);
  if (data?.url) return { bucket: data.bucket, key: data.key, url: data.url };
  throw toStorageError(error, bucket);
}

/** The database as the SDK shows it. */
export type Database = InsForgeClient["database"];

/**
 * The database with the project's own rights, past row-level security: for the package's own tables
 * and routines (`ai_*`), never for the app's data.
 *
 * @throws {ApiError} 500 `INTERNAL_ERROR` when the setting `API_KEY` is missing.
 */
export async function adminDb(
  settings: Settings,
  timeoutMs = DATA_TIMEOUT_MS,
): Promise<Database> {
  const { API_KEY } = settings;
  if (!API_KEY) {
    const message = "The setting API_KEY is missing; it must be the InsForge project's API key";
    throw new ApiError(500, "INTERNAL_ERROR", message);
  }
  return (await connect(API_KEY, settings, timeoutMs)).database;
}

/**
 * Calls a routine of `migrations/` with the project's own rights.
 *
 * @param timeoutMs how long to wait for its answer, 15 s unless given.
 * @throws {ApiError} 500 `INTERNAL_ERROR` when there is no such routine, or InsForge refuses the
 *   setting `API_KEY`; 502 `UPSTREAM_FAILURE` when InsForge does not answer or fails.
 */
export async function callRoutine<T>(
  name: string,
  args: Record<string, unknown>,
  settings: Settings,
  timeoutMs?: number,
): Promise<T> {
  const db = await adminDb(settings, timeoutMs);
  return await toAdminData(db.rpc(name, args), `routine ${name}`);
}

/**
 * What a request of {@link adminDb} brings.
 *
 * @param subject the table or routine, for messages.
 * @throws {ApiError} as {@link callRoutine}.
 */
export async function toAdminData<T>(
  request: PromiseLike<{ data: unknown; error: unknown; status: number }>,
  subject: string,
): Promise<T> {
  const { data, error, status } = await request;
  if (!error) return data as T;
  throw toAdminError(error as DataError, status, subject);
}

/** A client that acts as the owner of `token`; the SDK is loaded by requests that need it only. */
async function connect(
  token: string,
  settings: Settings,
  timeout: number,
): Promise<InsForgeClient> {
  // The internal address reaches InsForge from inside a self-hosted container; no answer names it.
  const baseUrl = settings.INSFORGE_INTERNAL_URL ?? settings.INSFORGE_BASE_URL;
  if (!baseUrl) {
    throw new ApiError(
      500,
      "INTERNAL_ERROR",
      "The setting INSFORGE_BASE_URL must be the http or https address of the InsForge project",
    );
  }
  const { createClient } = await import("@insforge/sdk");
  return createClient({ baseUrl, accessToken: token, timeout, retryCount: 1, retryDelay: 200 });
}

/** PostgREST's list, each value quoted: the SDK's own `in()` leaves quotes in values unescaped. */
function toList(values: unknown[]): string {
  return `(${values.map((value) => `"${String(value).replace(/["\\]/g, "\\$&")}"`).join(",")})`;
}
