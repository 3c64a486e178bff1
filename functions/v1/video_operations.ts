/** The API reference of the operations of `v1` for videos. */
import { openAIVideosQuery, openRouterVideoRequest } from "./videos.ts";

const UNKNOWN = "00000000-0000-4000-8000-000000000000";
const UNKNOWN_ANSWER = {
  error: {
    message: "You have no video with this id",
    type: "invalid_request_error",
    code: 404,
    param: null,
    metadata: { error_code: "NOT_FOUND", next_actions: "List your videos to see their ids" },
  },
};

/** The operations, by method and path below `v1`. */
export const videoOperations = {
  "POST /videos": {
    summary: "Orders a video, as JSON in OpenRouter's form or as a form of OpenAI's clients",
    request: openRouterVideoRequest,
    answer: "OpenRouterVideo | OpenAIVideo",
    status: 202,
    errors: [400, 401, 402, 403, 413, 429, 500, 502, 504],
    examples: {
      "A video": {
        request: { model: "google/veo-3.1", prompt: "A lighthouse at dusk" },
        status: 202,
        answer: {
          id: "0b0a6e3c-6b8f-4d0e-9a53-4c1f1f6b9a11",
          polling_url: "https://example.com/v1/videos/0b0a6e3c-6b8f-4d0e-9a53-4c1f1f6b9a11",
          status: "pending",
        },
      },
      "Nothing to make a video of": {
        request: { model: "google/veo-3.1" },
        status: 400,
        answer: {
          error: {
            message: '"prompt" is required, unless the request has "input_references"',
            type: "invalid_request_error",
            code: 400,
            param: "prompt",
            metadata: {
              error_code: "INVALID_INPUT",
              next_actions: "Correct the request as the message says",
            },
          },
        },
      },
    },
  },
  "GET /videos": {
    summary: "Lists the caller's videos in OpenAI's form",
    query: openAIVideosQuery,
    answer: "OpenAIVideos",
    errors: [400, 401, 404, 500, 502],
    examples: {
      "The newest": {
        answer: {
          object: "list",
          data: [],
          first_id: "0b0a6e3c-6b8f-4d0e-9a53-4c1f1f6b9a11",
          last_id: "0b0a6e3c-6b8f-4d0e-9a53-4c1f1f6b9a11",
          has_more: false,
        },
      },
    },
  },
  "GET /videos/models": {
    summary: "Lists the video models that the app allows, in OpenRouter's form",
    errors: [401, 429, 500, 502, 504],
    answer: "VideoModels",
    examples: {
      "All": { answer: { data: [{ id: "google/veo-3.1" }] } },
    },
  },
  "GET /videos/:id": {
    summary: "Asks OpenRouter about a video and returns the job, in the form it was ordered in",
    answer: "OpenRouterVideo | OpenAIVideo",
    errors: [401, 404, 500, 502],
    examples: {
      "An unknown id": { parameters: { id: UNKNOWN }, status: 404, answer: UNKNOWN_ANSWER },
    },
  },
  "GET /videos/:id/content": {
    summary: "Streams a finished video; self-hosted InsForge delivers it as JSON",
    answer: "InlineVideo",
    errors: [400, 401, 404, 500, 502, 504],
    examples: {
      "An unknown id": { parameters: { id: UNKNOWN }, status: 404, answer: UNKNOWN_ANSWER },
    },
  },
};
