/** The table of videos (`migrations/`, `ai_videos`): read as the owner, written with the API key. */
import { ApiError, unauthorized } from "../errors.ts";
import type { Fields } from "../fields.ts";
import { callRoutine } from "../insforge/admin.ts";
import { type Caller, requireApiKey } from "../insforge/client.ts";
import { type DataError, toAdminError, unavailable } from "../insforge/failures.ts";
import { callInsForge } from "../insforge/rest.ts";
import type { Settings } from "../settings.ts";

/** Where a job is, in OpenRouter's words. */
export type VideoStatus =
  | "pending"
  | "in_progress"
  | "completed"
  | "failed"
  | "cancelled"
  | "expired";

/** A copy of a video in the app's storage. */
export interface VideoCopy {
  /** The bucket that holds it. */
  bucket: string;
  /** Its key in the bucket. */
  key: string;
  /** In a public bucket everybody can load this URL; in a private one it needs a token. */
  url: string;
  /** Such as `video/mp4`. */
  media_type: string;
}

/** One row: a video that a user has ordered. */
export interface VideoRow {
  /** The app's id of the job. */
  id: string;
  /** The owner. */
  user_id: string;
  /** The model that was requested. */
  model: string;
  /** What was ordered, without images. */
  request: Fields;
  /** Where the job is. */
  status: VideoStatus;
  /** Why it failed. */
  error: string | null;
  /** How many videos there are, once it is completed. */
  videos: number;
  /** What it cost, USD; null until that is known. */
  usd: number | null;
  /** OpenRouter's id of the job. */
  gateway_id: string;
  /** OpenRouter's id of the generation, if it differs. */
  generation_id: string | null;
  /** Whether the user's own OpenRouter account pays. */
  own_key: boolean;
  /** Where to copy the videos to. */
  save: { bucket: string; prefix?: string } | null;
  /** The copies, when all are made. */
  saved: VideoCopy[] | null;
  /** Why the videos were not copied. */
  save_error: { error: string; message: string } | null;
  /** How often copying has failed. */
  save_tries: number;
  /** ISO 8601. */
  created_at: string;
  /** ISO 8601; null while the job runs. */
  ended_at: string | null;
  /** When to ask again; null when nothing is left to do. */
  next_poll_at: string | null;
}

/** A row that this process alone may work on, for a minute. */
export interface ClaimedVideo extends VideoRow {
  /** The user's own key, sealed as it is stored, where it pays; null when it is no longer there. */
  key: string | null;
}

/** What a job has become; see `ai_update_video`. */
export interface VideoChanges {
  /** Left out when OpenRouter did not say. */
  status?: VideoStatus;
  /** Why it failed. */
  error?: string;
  /** How many videos there are. */
  videos?: number;
  /** What an ended job cost, USD; left out when that is not known. */
  usd?: number;
  /** OpenRouter's id of the generation. */
  generation_id?: string;
  /** The copies. */
  saved?: VideoCopy[];
  /** Why the videos will not be copied. */
  save_error?: { error: string; message: string };
  /** Whether copying has failed, and will be tried again. */
  save_failed?: boolean;
}

const TABLE = "ai_videos";
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** Columns that owners may see; who has a lease is of no use to them. */
const COLUMNS =
  "id,user_id,model,request,status,error,videos,usd,gateway_id,generation_id,own_key," +
  "save,saved,save_error,save_tries,created_at,ended_at,next_poll_at";

/**
 * Requires that jobs can be stored, before one is paid for.
 *
 * @throws {ApiError} 500 `INTERNAL_ERROR` when the table or the setting `API_KEY` is missing; 401
 *   `AUTH_UNAUTHORIZED` when InsForge rejects the token; 502 `UPSTREAM_FAILURE` when InsForge fails or
 *   does not respond. All functions here throw these.
 */
export async function requireVideoTable(owner: Caller, settings: Settings): Promise<void> {
  requireApiKey(settings);
  await select(owner.token, "limit=1", settings);
}

/** Reads one of the owner's jobs; undefined when the owner has none with this id. */
export async function readVideo(
  owner: Caller,
  id: string,
  settings: Settings,
): Promise<VideoRow | undefined> {
  if (!UUID.test(id)) return undefined;
  const [row] = await select(owner.token, `id=eq.${id}&limit=1`, settings);
  return row;
}

/**
 * Reads one of the owner's jobs.
 *
 * @throws {ApiError} 404 `NOT_FOUND` when the owner has no job with this id.
 */
export async function requireVideo(
  owner: Caller,
  id: string,
  settings: Settings,
): Promise<VideoRow> {
  const row = await readVideo(owner, id, settings);
  if (row) return row;
  throw new ApiError(404, "NOT_FOUND", "You have no video with this id", {
    nextActions: "List your videos to see their ids",
  });
}

/** Which jobs to list. */
export interface VideoList {
  /** How many at most. */
  limit: number;
  /** The job after which the list goes on. */
  after?: VideoRow;
  /** Oldest first; newest first unless given. */
  ascending?: boolean;
}

/** Lists the owner's jobs. */
export async function listVideos(
  owner: Caller,
  { limit, after, ascending = false }: VideoList,
  settings: Settings,
): Promise<VideoRow[]> {
  const [order, operator] = ascending ? ["asc", "gt"] : ["desc", "lt"];
  const query = new URLSearchParams({
    order: `created_at.${order},id.${order}`,
    limit: String(limit),
  });
  if (after) {
    const { id, created_at } = after;
    const sameTime = `and(created_at.eq."${created_at}",id.${operator}.${id})`;
    query.set("or", `(created_at.${operator}."${created_at}",${sameTime})`);
  }
  return await select(owner.token, query.toString(), settings);
}

async function select(token: string, query: string, settings: Settings): Promise<VideoRow[]> {
  const path = `/api/database/records/${TABLE}?select=${COLUMNS}&${query}`;
  const { status, body } = await callInsForge(settings, { path, token });
  if (status < 300) return requireRows(body);
  if (status === 401) throw unauthorized(body);
  throw toAdminError(Object(body) as DataError, status, `table ${TABLE}`);
}

/** Requires a list of rows; a proxy in front of the database may respond with anything else. */
function requireRows<Row extends VideoRow>(rows: unknown): Row[] {
  if (Array.isArray(rows) && rows.every(isRow)) return rows as Row[];
  throw unavailable(rows);
}

function isRow(row: unknown): row is VideoRow {
  const { id, model, status, created_at, videos, request, saved } = Object(row) as VideoRow;
  return [id, model, status, created_at].every((text) => typeof text === "string") &&
    Number.isInteger(videos) && videos <= 100 && typeof request === "object" && request !== null &&
    (saved === null || Array.isArray(saved));
}

/** A job that OpenRouter has accepted, as it is added. */
export type NewVideo =
  & Pick<VideoRow, "id" | "user_id" | "model" | "request" | "status" | "gateway_id" | "own_key">
  & {
    /** The function that ordered it. */
    slug: string;
    /** OpenRouter's id of the generation, if it differs. */
    generation_id?: string;
    /** The reservation of its charge. */
    reservation: string;
    /** The number of its charge. */
    charge: number;
    /** Where to copy the videos to. */
    save?: VideoRow["save"];
  };

/** Adds a job. It is tried twice, because the job is paid for. */
export async function addVideo(video: NewVideo, settings: Settings): Promise<VideoRow> {
  const add = () => callRoutine<unknown>("ai_add_video", { video }, settings);
  const [row] = requireRows([await add().catch(add)]) as [VideoRow];
  return row;
}

/**
 * Takes jobs for a minute, in which no other process gets them.
 *
 * @param which one job by its id or by OpenRouter's id; otherwise the jobs that are due.
 */
export async function claimVideos(
  which: { id?: string; gatewayId?: string; max?: number },
  settings: Settings,
): Promise<ClaimedVideo[]> {
  const { id = null, gatewayId = null, max = 1 } = which;
  const args = { id, gateway_id: gatewayId, max };
  return requireRows(await callRoutine("ai_claim_videos", args, settings));
}

/** Records what a job has become, and charges it when it has ended. */
export async function updateVideo(
  id: string,
  changes: VideoChanges,
  settings: Settings,
): Promise<VideoRow> {
  const updated = await callRoutine<unknown>("ai_update_video", { id, changes }, settings);
  const [row] = requireRows([updated]) as [VideoRow];
  return row;
}

/** Reads a user's own key, sealed as it is stored; undefined when the user has none. */
export async function readSealedKey(
  userId: string,
  settings: Settings,
): Promise<string | undefined> {
  const query = new URLSearchParams({ select: "key", user_id: `eq.${userId}`, limit: "1" });
  const path = `/api/database/records/ai_user_keys?${query}`;
  const { status, body } = await callInsForge(settings, { path, token: requireApiKey(settings) });
  if (status < 300 && Array.isArray(body)) return body[0]?.key;
  throw toAdminError(Object(body) as DataError, status, "table ai_user_keys");
}
