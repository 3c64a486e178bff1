/** What the API reference says of `image-gen`, beside its schema and its answer's type. */
import type { Reference } from "../../tools/reference/operation.ts";
import { imageRequest } from "./index.ts";

export const reference = {
  operations: {
    "POST /": {
      summary: "Images from a prompt and, if given, other images",
      request: imageRequest,
      answer: "ImageAnswer",
      errors: [400, 401, 402, 403, 413, 429, 500, 502, 504],
      examples: {
        "An image": {
          request: { prompt: "A lighthouse at dusk, woodcut" },
          answer: {
            images: [{ media_type: "image/png", data_url: "data:image/png;base64,iVBORw0KGgo…" }],
            text: "Here is your lighthouse.",
            model: "google/gemini-2.5-flash-image",
            usage: {
              prompt_tokens: 10,
              completion_tokens: 1301,
              total_tokens: 1311,
              cost: 0.0387305,
            },
          },
        },
        "An image in the app's storage": {
          request: {
            prompt: "A lighthouse at dusk, woodcut",
            save: { bucket: "images", prefix: "lighthouses/" },
          },
          answer: {
            images: [{
              url:
                "https://app.insforge.app/api/storage/buckets/images/objects/lighthouses%2F4422.png",
              media_type: "image/png",
              bucket: "images",
              key: "lighthouses/4422.png",
            }],
            model: "google/gemini-2.5-flash-image",
          },
        },
        "By OpenRouter's image API": {
          request: { prompt: "A lighthouse at dusk, woodcut", aspect_ratio: "16:9" },
        },
        "A bucket that is not there": {
          request: { prompt: "A lighthouse", save: { bucket: "nowhere" } },
          status: 400,
          answer: {
            error: "STORAGE_NOT_FOUND",
            message: 'This project has no storage bucket "nowhere"',
            statusCode: 400,
          },
        },
      },
    },
  },
} satisfies Reference;
