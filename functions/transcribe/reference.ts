/** The API reference of `transcribe`: what the schemas and types do not say. */
import type { Reference } from "../../tools/reference/operation.ts";
import { transcribeRequest } from "./recording.ts";

const DESCRIPTION = `\
The recording is base64 in JSON. On InsForge cloud and standalone it may also be \`file\` in a form \
of \`multipart/form-data\`, with the other fields beside it, or the bytes themselves with a \
\`Content-Type\` of \`audio/…\` and \`model\`, \`language\` and \`response_format\` in the query; \
self-hosted InsForge and \`<project>/functions\` accept JSON only.

With \`save\` the text is also stored as a file in an InsForge bucket, as the caller, and \`saved\` is \`{ \
url, media_type, bucket, key }\`. A bucket that the user may not write to is an error before anything is \
paid for; a text that cannot be saved after that comes with \`save_error\`.

Limits: 8 MiB, which is 6 MiB of audio in JSON, and 55 seconds. Split longer recordings, or send them in \
a compressed format: 6 MiB are about 25 minutes of MP3 with 32 kbit/s. The cost is reserved by the \
size of the recording.`;

export const reference = {
  description: DESCRIPTION,
  operations: {
    "POST /": {
      summary: "Writes down what is said in a recording",
      request: transcribeRequest,
      answer: "TranscribeAnswer",
      errors: [400, 401, 402, 403, 413, 429, 500, 502, 504],
      examples: {
        "A recording": {
          request: { audio: "SUQzBAAAAAAAI1RTU0UAAAAP", format: "mp3" },
          answer: {
            text: "A recording of 1 second",
            model: "openai/whisper-1",
            usage: { seconds: 1, cost: 0.0001 },
          },
        },
        "A data URL, with times": {
          request: {
            audio: "data:audio/webm;base64,GkXfo59ChoEBQveBAULygQ==",
            response_format: "verbose_json",
          },
          answer: {
            text: "A recording of 1 second",
            model: "openai/whisper-1",
            language: "english",
            duration: 1,
            segments: [{ id: 0, start: 0, end: 1, text: "A recording of 1 second" }],
          },
        },
        "A recording without a format": {
          request: { audio: "SUQzBAAAAAAAI1RTU0UAAAAP" },
          status: 400,
          answer: {
            error: "INVALID_INPUT",
            message: '"format" is required, unless "audio" is a data URL of audio',
            statusCode: 400,
            nextActions: "Correct the request as the message says",
          },
        },
      },
    },
  },
} satisfies Reference;
