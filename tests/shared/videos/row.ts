/** A row of the table of videos, for tests. */
import type { ClaimedVideo } from "../../../shared/videos/rows.ts";

/** Creates a row of a job that runs; `fields` replace others. */
export function createRow(fields: Partial<ClaimedVideo> = {}): ClaimedVideo {
  return {
    id: "11111111-2222-4333-8444-555555555555",
    user_id: "u",
    model: "google/veo-3.1",
    request: {},
    status: "in_progress",
    error: null,
    videos: 0,
    usd: null,
    gateway_id: "gen-vid-1",
    generation_id: null,
    own_key: false,
    save: null,
    saved: null,
    save_error: null,
    save_tries: 0,
    created_at: new Date().toISOString(),
    ended_at: null,
    next_poll_at: new Date().toISOString(),
    key: null,
    ...fields,
  };
}

/** Creates a row of a job with one finished video. */
export function createFinishedRow(fields: Partial<ClaimedVideo> = {}): ClaimedVideo {
  const ended_at = new Date().toISOString();
  return createRow({ status: "completed", videos: 1, ended_at, ...fields });
}
