/** A video job as OpenRouter describes it. https://openrouter.ai/docs/api-reference/videos */
import { type Fields, toText } from "../fields.ts";
import { redact, toExcerpt } from "../gateway/redaction.ts";
import { readStatedUsd } from "../token_usage.ts";
import type { VideoChanges, VideoStatus } from "./rows.ts";

/** What is read of a job. OpenRouter's URLs are left out: the id alone leads to a job. */
export interface GatewayJob {
  /** OpenRouter's id. */
  id: string;
  /** Where the job is; undefined for a word that is not known. */
  status?: VideoStatus;
  /** OpenRouter's id of the generation, if it differs. */
  generationId?: string;
  /** What the job cost, USD, when it is stated. */
  usd?: number;
  /** Why it failed, safe to show. */
  error?: string;
  /** How many videos there are. */
  videos: number;
}

const STATUSES = new Map<string, VideoStatus>([
  ["pending", "pending"],
  ["queued", "pending"],
  ["in_progress", "in_progress"],
  ["completed", "completed"],
  ["failed", "failed"],
  ["dead", "failed"],
  ["cancelled", "cancelled"],
  ["expired", "expired"],
]);

/** OpenRouter's ids are about 40 characters long. */
const ID = /^[\w.:-]{1,200}$/;

/**
 * Reads a job. Its `error` is a text, so it must not be taken for the error of the response.
 *
 * @param value a parsed response.
 * @returns undefined when the value is not a job.
 */
export function toGatewayJob(value: unknown): GatewayJob | undefined {
  const { id, status, generation_id, usage, error, unsigned_urls } = Object(value) as Fields;
  if (typeof id !== "string" || !ID.test(id) || typeof status !== "string") return undefined;
  const reason = toText(error) || toText(Object(error).message);
  return {
    id,
    status: STATUSES.get(status),
    generationId: toText(generation_id) || undefined,
    usd: readStatedUsd(Object(usage)),
    error: reason ? toExcerpt(redact(reason)) : undefined,
    videos: Array.isArray(unsigned_urls) ? unsigned_urls.length : 0,
  };
}

/** What to record of a job. A job that ended without a video costs nothing unless it is stated. */
export function toChanges({ status, generationId, usd, error, videos }: GatewayJob): VideoChanges {
  const changes = { status, generation_id: generationId };
  switch (status) {
    case "completed":
      return { ...changes, usd, videos: Math.min(Math.max(1, videos), 100) };
    case "failed":
    case "cancelled":
    case "expired":
      return { ...changes, usd: usd ?? 0, error };
    default:
      return changes;
  }
}
