/** The API reference of `video-gen`: what the schemas and types do not say. */
import type { Reference } from "../../tools/reference/operation.ts";
import { videoId, videoRequest, videosQuery } from "./request.ts";
import { videoEvent } from "./webhook.ts";

const DESCRIPTION = `\
A video takes minutes. \`POST /video-gen\` orders one and responds with its \`id\`; ask for it until its \
\`status\` is \`completed\`, \`failed\`, \`cancelled\` or \`expired\`, about every 15 seconds. A job \
belongs to the user who ordered it, and no other user sees it. It goes on, and is charged, when its \
owner does not ask.

The most that the video may cost is charged when it is ordered. When the job has ended, its cost \
replaces that; a job without a video costs nothing.

\`GET /video-gen/:id/content\` streams the video. OpenRouter keeps it for a limited time: with \`save\` it \
is copied to a bucket of the app. A bucket that does not exist is a 400, and one that the user may not \
write to is a 403, both before anything is paid for. \`saved\` has URLs of the copies, signed for an \
hour where the bucket is private and the storage can sign. Self-hosted InsForge cannot deliver bytes: \
there the response is JSON with a data URL, up to 20 MiB.

Limits: 8 MiB for a request, 60 seconds of video, 200 MiB for a copy.`;

const UNKNOWN = "00000000-0000-4000-8000-000000000000";
const UNKNOWN_ANSWER = {
  error: "NOT_FOUND",
  message: "You have no video with this id",
  statusCode: 404,
  nextActions: "List your videos to see their ids",
};
const UNKNOWN_ID = {
  error: "INVALID_INPUT",
  message: '"id" must be the id of one of your videos',
  statusCode: 400,
  nextActions: "Correct the request as the message says",
};

export const reference = {
  description: DESCRIPTION,
  operations: {
    "POST /": {
      summary: "Orders a video and returns the job",
      request: videoRequest,
      answer: "VideoJob",
      status: 202,
      errors: [400, 401, 402, 403, 413, 429, 500, 502, 504],
      examples: {
        "A video": {
          request: { prompt: "A lighthouse at dusk", duration: 4, aspect_ratio: "16:9" },
          status: 202,
          answer: {
            id: "0b0a6e3c-6b8f-4d0e-9a53-4c1f1f6b9a11",
            status: "pending",
            model: "google/veo-3.1",
            request: { prompt: "A lighthouse at dusk", duration: 4, aspect_ratio: "16:9" },
            created_at: "2026-11-29T09:00:00.000Z",
          },
        },
        "A bucket that does not exist": {
          request: { prompt: "A lighthouse", save: { bucket: "nowhere" } },
          status: 400,
          answer: {
            error: "STORAGE_NOT_FOUND",
            message: 'This project has no storage bucket "nowhere"',
            statusCode: 400,
            nextActions: "Name a bucket that exists",
          },
        },
      },
    },
    "GET /": {
      summary: "Lists the caller's videos, the newest first",
      query: videosQuery,
      answer: "VideoJobs",
      errors: [400, 401, 404, 500, 502],
      examples: {
        "The newest": {
          parameters: { limit: "2" },
          answer: {
            videos: [],
            has_more: false,
          },
        },
      },
    },
    "GET /:id": {
      summary: "Asks OpenRouter about a video and returns the job",
      answer: "VideoJob",
      errors: [401, 404, 500, 502],
      examples: {
        "An unknown id": { parameters: { id: UNKNOWN }, status: 404, answer: UNKNOWN_ANSWER },
      },
    },
    "GET /:id/content": {
      summary: "Streams a finished video; with `?index=` another one of the job",
      answer: "InlineVideo",
      errors: [400, 401, 404, 500, 502, 504],
      examples: {
        "An unknown id": { parameters: { id: UNKNOWN }, status: 404, answer: UNKNOWN_ANSWER },
      },
    },
    "POST /cancel": {
      summary: "Returns a job that has ended; OpenRouter cannot cancel one that runs",
      request: videoId,
      answer: "VideoJob",
      errors: [400, 401, 500, 502],
      examples: {
        "An unknown id": { request: { id: UNKNOWN }, status: 400, answer: UNKNOWN_ID },
      },
    },
    "POST /poll": {
      summary: "Advances all jobs that are due, for a schedule; for a user, one job",
      request: videoId,
      answer: "PollAnswer | VideoJob",
      errors: [400, 401, 500, 502],
      examples: {
        "By the schedule": { caller: "administrator", answer: { asked: 0, ended: 0, saved: 0 } },
        "An unknown id": { request: { id: UNKNOWN }, status: 400, answer: UNKNOWN_ID },
      },
    },
    "POST /webhook": {
      summary: "Takes OpenRouter's notice that a job has ended, signed over the raw body",
      request: videoEvent,
      answer: "WebhookAnswer",
      errors: [400, 401, 403, 413, 500, 502],
      examples: {
        "A notice without a signature": {
          request: { type: "video.generation.completed", data: { id: "gen-vid-1" } },
          status: 403,
          answer: {
            error: "FORBIDDEN",
            message: "This operation requires OpenRouter's signature",
            statusCode: 403,
            nextActions: "Use an account that has access",
          },
        },
      },
    },
  },
} satisfies Reference;
