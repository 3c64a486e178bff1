/** The API reference of `speech`: what the schemas and types do not say. */
import type { Reference } from "../../tools/reference/operation.ts";
import { speechRequest } from "./index.ts";

const DESCRIPTION = `\
The response is JSON with the audio as a data URL. With \`Accept: audio/mpeg\` it is the audio \
itself, except on self-hosted InsForge, which cannot deliver bytes and responds with JSON.

With \`save\` the audio is stored in an InsForge bucket as the caller. A bucket that does not exist \
is a 400, and one that the user may not write to is a 403, both before anything is paid for. Audio \
that cannot be saved after that is in the response, with \`save_error\`.

OpenRouter states the cost of speech later, so \`usage\` first shows an estimate. Limits: \
\`MAX_PROMPT_CHARS\` characters, 55 seconds.`;

export const reference = {
  description: DESCRIPTION,
  operations: {
    "POST /": {
      summary: "Speaks a text",
      request: speechRequest,
      answer: "SpeechAnswer",
      errors: [400, 401, 402, 403, 413, 429, 500, 502, 504],
      examples: {
        "A sentence": {
          request: { input: "The ferry leaves at nine.", voice: "alloy" },
          answer: {
            audio: { media_type: "audio/mpeg", data_url: "data:audio/mpeg;base64,//sQxAAA…" },
            model: "openai/gpt-4o-mini-tts-2025-12-15",
          },
        },
        "Audio in the app's storage": {
          request: {
            input: "The ferry leaves at nine.",
            save: { bucket: "images", prefix: "speech/" },
          },
          answer: {
            audio: {
              media_type: "audio/mpeg",
              url: "https://app.insforge.app/api/storage/buckets/images/objects/speech%2F4422.mp3",
              bucket: "images",
              key: "speech/4422.mp3",
            },
            model: "openai/gpt-4o-mini-tts-2025-12-15",
          },
        },
        "A format that does not exist": {
          request: { input: "The ferry leaves at nine.", response_format: "midi" },
          status: 400,
          answer: {
            error: "INVALID_INPUT",
            message: '"response_format" must be one of "mp3", "pcm"',
            statusCode: 400,
            nextActions: "Correct the request as the message says",
          },
        },
      },
    },
  },
} satisfies Reference;
