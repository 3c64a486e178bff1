/** The API reference of the operations of `v1` for images, audio, rankings, texts and 3D objects. */
import { objectRequest } from "../../shared/request/object_request.ts";
import { rerankRequest } from "../../shared/request/rerank_request.ts";
import { openAISpeechRequest, transcriptionRequest } from "./audio.ts";
import { editRequest } from "./image_edits.ts";
import { imagesRequest, openRouterImagesRequest } from "./images.ts";
import { textCompletionRequest } from "./text_completions.ts";

const ERRORS = [400, 401, 402, 403, 413, 429, 500, 502, 504];
const INVALID = {
  error_code: "INVALID_INPUT",
  next_actions: "Correct the request as the message says",
};

function toInvalid(param: string, message: string) {
  const type = "invalid_request_error";
  return { error: { message, type, code: 400, param, metadata: INVALID } };
}

/** The operations, by method and path below `v1`. */
export const mediaOperations = {
  "POST /completions": {
    summary: "Continues a text, as JSON or as a stream",
    request: textCompletionRequest,
    answer: "TextCompletion",
    events: "TextCompletion | OpenAIError",
    errors: ERRORS,
    examples: {
      "A text": {
        request: { prompt: "Once upon a time" },
        answer: {
          id: "gen-1795278392-2b37d4896cc94004b162",
          object: "text_completion",
          model: "openai/gpt-4o-mini",
          choices: [{ text: ", there was a bakery.", index: 0, finish_reason: "stop" }],
          usage: { prompt_tokens: 4, completion_tokens: 6, total_tokens: 10, cost: 0.0000042 },
        },
      },
      "No text": {
        request: { prompt: "" },
        status: 400,
        answer: toInvalid("prompt", '"prompt" must not be empty'),
      },
    },
  },
  "POST /images": {
    summary: "Generates images in OpenRouter's form, as JSON or as a stream",
    request: openRouterImagesRequest,
    answer: "ImageList",
    events: "ImageEvent | OpenAIError",
    errors: ERRORS,
    examples: {
      "In base64": {
        request: { prompt: "A lighthouse at dusk, woodcut", aspect_ratio: "16:9" },
        answer: {
          created: 1795278394,
          data: [{ b64_json: "iVBORw0KGgo…", media_type: "image/png" }],
        },
      },
      "With previews": {
        request: { model: "openai/gpt-image-1", prompt: "A lighthouse at dusk", stream: true },
        answer: [
          {
            type: "image_generation.partial_image",
            b64_json: "iVBORw0KGgo…",
            partial_image_index: 0,
          },
          {
            type: "image_generation.completed",
            b64_json: "iVBORw0KGgo…",
            media_type: "image/png",
            created: 1795278394,
          },
          "[DONE]",
        ],
      },
    },
  },
  "POST /images/generations": {
    summary: "Makes images, in base64, as URLs in the app's storage, or as a stream",
    request: imagesRequest,
    answer: "OpenAIImages",
    events: "ImageEvent | OpenAIError",
    errors: ERRORS,
    examples: {
      "In base64": {
        request: { prompt: "A lighthouse at dusk, woodcut" },
        answer: {
          created: 1795278394,
          data: [{ b64_json: "iVBORw0KGgo…", media_type: "image/png" }],
        },
      },
      "In the app's storage": {
        request: { prompt: "A lighthouse at dusk, woodcut", response_format: "url" },
        answer: {
          created: 1795278394,
          data: [{
            url: "https://app.insforge.app/api/storage/buckets/images/objects/e3d46931.png",
            media_type: "image/png",
          }],
        },
      },
      "Too many": {
        request: { prompt: "A lighthouse", n: 11 },
        status: 400,
        answer: toInvalid("n", '"n" must be 10 or less'),
      },
    },
  },
  "POST /images/edits": {
    summary: "Makes images from other images and a prompt",
    request: editRequest,
    answer: "OpenAIImages",
    events: "ImageEvent | OpenAIError",
    errors: ERRORS,
    examples: {
      "An image by its URL": {
        request: {
          prompt: "The same lighthouse in winter",
          images: [{ image_url: "https://app.example.com/lighthouse.png" }],
        },
        answer: {
          created: 1795278394,
          data: [{ b64_json: "iVBORw0KGgo…", media_type: "image/png" }],
        },
      },
      "With a mask": {
        request: {
          prompt: "A boat",
          images: [{ image_url: "https://app.example.com/lighthouse.png" }],
          mask: { image_url: "https://app.example.com/mask.png" },
        },
        status: 400,
        answer: toInvalid("mask", '"mask" must be left out'),
      },
    },
  },
  "POST /audio/speech": {
    summary: "Speaks a text and returns the audio",
    request: openAISpeechRequest,
    file: "audio/mpeg",
    errors: ERRORS,
    examples: {
      "A sentence": { request: { input: "The ferry leaves at nine.", voice: "alloy" } },
      "A format that OpenRouter lacks": {
        request: { input: "The ferry leaves at nine.", response_format: "opus" },
        status: 400,
        answer: toInvalid("response_format", '"response_format" must be one of "mp3", "pcm"'),
      },
    },
  },
  "POST /audio/transcriptions": {
    summary: "Transcribes a recording, which is base64 in JSON or a file in a form",
    request: transcriptionRequest,
    answer: "Transcription",
    errors: ERRORS,
    examples: {
      "A recording in base64": {
        request: { input_audio: { data: "SUQzBAAAAAAA", format: "mp3" } },
        answer: {
          text: "The ferry leaves at nine.",
          usage: { seconds: 2, cost: 0.0002 },
        },
      },
      "As subtitles": {
        request: { input_audio: { data: "SUQzBAAAAAAA", format: "mp3" }, response_format: "srt" },
        status: 400,
        answer: toInvalid(
          "response_format",
          '"response_format" must be one of "json", "verbose_json"',
        ),
      },
    },
  },
  "POST /rerank": {
    summary: "Ranks documents by their relevance to a query",
    request: rerankRequest,
    answer: "Ranking",
    errors: ERRORS,
    examples: {
      "Two documents": {
        request: {
          query: "Who sells bread?",
          documents: ["A ferry at dawn", "A bakery that sells bread"],
          top_n: 1,
        },
        answer: {
          results: [{ index: 1, relevance_score: 0.42 }],
          model: "cohere/rerank-v3.5",
          usage: { search_units: 1, cost: 0.002 },
        },
      },
    },
  },
  "POST /objects/generations": {
    summary: "Generates 3D objects with OpenRouter's old API, which may be gone",
    request: objectRequest,
    answer: "MediaResponse",
    errors: ERRORS,
    examples: {
      "An object": {
        request: { prompt: "a chair shaped like an avocado", extension: "ply" },
        answer: { generations: [{ uri: "cGx5CmZvcm1hdCBhc2NpaSAxLjAK" }] },
      },
    },
  },
};
