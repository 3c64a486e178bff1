/** The API reference of `image-gen`: what the schemas and types do not say. */
import type { Reference } from "../../tools/reference/operation.ts";
import { imageRequest } from "./index.ts";

const DESCRIPTION = `\
A request with \`n\`, \`size\`, \`resolution\`, \`aspect_ratio\`, \`quality\`, \`output_format\`, \
\`output_compression\`, \`background\` or \`seed\` goes to OpenRouter's image API, which alone \
has these fields.

With \`save\` the images are stored in an InsForge bucket as the caller, and each image is \`{ \
url, media_type, bucket, key }\`. A bucket that does not exist is a 400, and one that the user \
may not write to below \`prefix\` is a 403, both before anything is paid for. An image that \
cannot be saved after that is returned as without \`save\`, with \`save_error: { error, message \
}\` beside it.

For a private bucket, \`save.signed_url_seconds\` adds \`signed_url\`, which needs no token for so \
long. InsForge that stores on a local disk cannot sign: there it is the URL that needs the token.

\`stream: true\` goes to the image API, too. The response is events: \`partial\` previews when the \
provider has them (\`partial_images\` bounds them), \`text\`, and an \`image\` event per image, the \
last of them with the usage; then \`[DONE]\`. A provider that does not stream sends the images alone. \
A failure after the first event is \`{ error: { code, message } }\`, without \`[DONE]\`. The first \
event may take 120 seconds.

\`images\` are what the model starts from: an edit is a request with \`images\` and a prompt.

A refusal of the model is a 403. A response without an image is a 502. Limits: 8 MiB, up to 16 \
images to start from, 55 seconds.`;

export const reference = {
  description: DESCRIPTION,
  operations: {
    "POST /": {
      summary: "Makes images from a prompt and, if given, other images",
      request: imageRequest,
      answer: "ImageAnswer",
      events: "PartialImage | ImageText | FinishedImage | StreamError",
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
        "A stream with previews": {
          request: {
            model: "openai/gpt-image-1",
            prompt: "A lighthouse at dusk, woodcut",
            stream: true,
            partial_images: 1,
          },
          answer: [
            {
              type: "partial",
              index: 0,
              image: { media_type: "image/png", data_url: "data:image/png;base64,iVBORw0KGgo…" },
            },
            {
              type: "image",
              image: { media_type: "image/png", data_url: "data:image/png;base64,iVBORw0KGgo…" },
              model: "openai/gpt-image-1",
              usage: {
                prompt_tokens: 10,
                completion_tokens: 1290,
                total_tokens: 1300,
                cost: 0.05165,
              },
            },
            "[DONE]",
          ],
        },
        "An edit": {
          request: {
            prompt: "The same lighthouse in winter",
            images: ["https://app.example.com/lighthouse.png"],
          },
        },
        "An image from OpenRouter's image API": {
          request: { prompt: "A lighthouse at dusk, woodcut", aspect_ratio: "16:9" },
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
  },
} satisfies Reference;
