/**
 * Generates videos: jobs that take minutes, stored in the app's database until they end.
 * https://openrouter.ai/docs/guides/overview/multimodal/video-generation
 */
import { findProjectKey, requireProjectKey } from "../../shared/auth/project_keys.ts";
import { requireUser, type User } from "../../shared/auth/user_token.ts";
import { invalidInput } from "../../shared/errors.ts";
import { createApp } from "../../shared/http/app.ts";
import {
  MAX_IMAGE_BODY_BYTES,
  parseBody,
  parseValue,
  readBody,
  readText,
} from "../../shared/http/body.ts";
import type { Call } from "../../shared/http/call.ts";
import { requireBucket } from "../../shared/insforge/storage.ts";
import { advanceVideo, pollVideos, refreshVideo } from "../../shared/videos/advance.ts";
import { contentResponse, readIndex } from "../../shared/videos/content_response.ts";
import { signCopies } from "../../shared/videos/copies.ts";
import { orderVideo } from "../../shared/videos/order.ts";
import { toStoredRequest, toVideoParams } from "../../shared/videos/params.ts";
import {
  claimVideos,
  listVideos,
  readVideo,
  requireVideo,
  type VideoRow,
} from "../../shared/videos/rows.ts";
import { toVideoJob, type VideoJob, type VideoJobs } from "./answer.ts";
import { videoId, videoRequest, videosQuery } from "./request.ts";
import { requireSignature, SIGNATURE_HEADER, videoEvent, type WebhookAnswer } from "./webhook.ts";

export type { VideoJob, VideoJobs } from "./answer.ts";
export type { WebhookAnswer } from "./webhook.ts";
export type { PollAnswer } from "../../shared/videos/advance.ts";
export type { InlineVideo } from "../../shared/videos/content_response.ts";

const DEFAULT_LIMIT = 20;

const { app, handler } = createApp("video-gen");
export default handler;

app.post("/", async ({ env: call }) => {
  const user = await requireUser(call);
  const { save, ...order } = await readBody(call, videoRequest, { maxBytes: MAX_IMAGE_BODY_BYTES });
  const params = await toVideoParams(user, order, call.settings);
  if (save) await requireBucket(user, save, call.settings);
  const row = await orderVideo(call, {
    owner: user,
    params,
    request: toStoredRequest(order),
    save,
  });
  return Response.json(toVideoJob(call, row), { status: 202 });
});

app.get("/", async ({ env: call }) => {
  const user = await requireUser(call);
  const { route: _, ...query } = Object.fromEntries(new URL(call.request.url).searchParams);
  const { limit = DEFAULT_LIMIT, after: id } = parseValue(query, videosQuery);
  const after = id === undefined ? undefined : await requireVideo(user, id, call.settings);
  const list = { limit: Number(limit) + 1, after };
  const rows = await listVideos(user, list, call.settings);
  const page = rows.slice(0, Number(limit));
  const videos = page.map((row) => toVideoJob(call, row));
  return Response.json({ videos, has_more: rows.length > page.length } satisfies VideoJobs);
});

app.get("/:id", async (c) => {
  const user = await requireUser(c.env);
  const row = await requireVideo(user, c.req.param("id"), c.env.settings);
  return Response.json(await showVideo(c.env, row));
});

app.get("/:id/content", async (c) => {
  const user = await requireUser(c.env);
  const index = readIndex(c.req.query("index"));
  return await contentResponse(
    c.env,
    await requireVideo(user, c.req.param("id"), c.env.settings),
    index,
  );
});

app.post("/cancel", async ({ env: call }) => {
  const user = await requireUser(call);
  const job = await showVideo(call, await readOwn(call, user));
  if (job.ended_at) return Response.json(job);
  throw invalidInput("OpenRouter cannot cancel a video; this one will be finished and charged");
});

app.post("/poll", async ({ env: call }) => {
  if (await findProjectKey(call)) {
    await requireProjectKey(call);
    return Response.json(await pollVideos(call.settings));
  }
  const user = await requireUser(call);
  return Response.json(await showVideo(call, await readOwn(call, user)));
});

app.post("/webhook", async ({ env: call }) => {
  const signature = call.request.headers.get(SIGNATURE_HEADER);
  if (signature === null) await requireUser(call); // no body of a stranger is read
  const text = await readText(call, {});
  const { data } = parseBody(text, videoEvent);
  await requireSignature(text, signature, call.settings);
  const { settings, request: { signal } } = call;
  const [video] = await claimVideos({ gatewayId: data.id }, settings);
  if (video) await advanceVideo(video, { settings, signal });
  return Response.json({ known: video !== undefined } satisfies WebhookAnswer);
});

/** The job that a POST names. A POST must not answer 404: InsForge's SDK would send it again. */
async function readOwn(call: Call, user: User): Promise<VideoRow> {
  const { id } = await readBody(call, videoId);
  const row = await readVideo(user, id, call.settings);
  if (row) return row;
  throw invalidInput('"id" must be the id of one of your videos');
}

/** A job as its owner sees it, after OpenRouter was asked about it. */
async function showVideo(call: Call, video: VideoRow): Promise<VideoJob> {
  const { settings, request: { signal } } = call;
  const row = await refreshVideo(video, { settings, signal });
  const saved = row.saved && await signCopies(row.saved, settings);
  return toVideoJob(call, { ...row, saved });
}
