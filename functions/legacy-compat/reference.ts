/** The API reference of `legacy-compat`: what the schemas and types do not say. */
import {
  aiModelSchema,
  chatCompletionResponseSchema,
  embeddingsResponseSchema,
  imageGenerationResponseSchema,
} from "@insforge/shared-schemas";
import type { ApiError } from "../../shared/errors.ts";
import { createSettings } from "../../shared/settings.ts";
import type { Reference } from "../../tools/reference/operation.ts";
import { toLegacyErrorBody, toLegacyFailure } from "./failures.ts";
import { createChatSchema, embeddingsSchema, imageSchema } from "./schemas.ts";

/** Converts an error to the body of the deprecated proxy. */
function toLegacyBody(error: ApiError): object {
  return toLegacyErrorBody(toLegacyFailure(error) as ApiError);
}

const ERRORS = [400, 401, 402, 403, 413, 429, 500, 502, 504];
const MODEL = "openai/gpt-4o-mini";

const DESCRIPTION = `\
The routes behind \`insforge.ai.*\`. Requests, responses and errors are those of InsForge 2.3.1 \
and differ from the other functions (\`docs/migrating-from-insforge-ai.md\`). The function is \
deployed under two slugs, \`legacy-compat\` and \`api\`: on the functions host that makes \
\`/api/ai/…\`, the path that InsForge's SDK uses. Each route is also reached with \`/api\` in \
front, and by \`?route=chat/completion\`.

A streamed chat that fails after it was admitted is a 200 with one event \
\`{"error":true,"message":"…"}\` and without \`{"done":true}\`. Limits: 8 MiB, 55 seconds.`;

export const reference = {
  description: DESCRIPTION,
  deprecated: true,
  toErrorBody: toLegacyBody,
  operations: {
    "POST /ai/chat/completion": {
      summary: "Answers a conversation, as JSON or as a stream",
      request: createChatSchema(createSettings({ get: () => undefined })),
      answer: chatCompletionResponseSchema,
      events: "LegacyEvent",
      errors: ERRORS,
      examples: {
        "A conversation": {
          request: {
            model: MODEL,
            messages: [{ role: "user", content: "What is row-level security?" }],
          },
          answer: {
            text: "Rules on who may see which rows.",
            metadata: {
              model: MODEL,
              usage: { promptTokens: 10, completionTokens: 9, totalTokens: 19 },
            },
          },
        },
        "A stream": {
          request: {
            model: MODEL,
            messages: [{ role: "user", content: "What is row-level security?" }],
            stream: true,
          },
          answer: [
            { chunk: "Rules" },
            { tokenUsage: { promptTokens: 10, completionTokens: 9, totalTokens: 19 } },
            { done: true },
          ],
        },
        "No model": {
          request: { messages: [{ role: "user", content: "Hello" }] },
          status: 400,
          answer: {
            error: "INVALID_INPUT",
            message: "Validation error: Required",
            statusCode: 400,
          },
        },
      },
    },
    "POST /ai/image/generation": {
      summary: "Makes images from a prompt",
      request: imageSchema,
      answer: imageGenerationResponseSchema,
      errors: ERRORS,
      examples: {
        "An image": {
          request: { model: "google/gemini-2.5-flash-image", prompt: "A lighthouse at dusk" },
          answer: {
            text: "Here is your lighthouse.",
            images: [{ type: "imageUrl", imageUrl: "data:image/png;base64,iVBORw0KGgo…" }],
          },
        },
      },
    },
    "POST /ai/embeddings": {
      summary: "Turns texts into vectors",
      request: embeddingsSchema,
      answer: embeddingsResponseSchema,
      errors: ERRORS,
      examples: {
        "A text": {
          request: { model: "openai/text-embedding-3-small", input: "A bakery", dimensions: 3 },
          answer: {
            object: "list",
            data: [{ object: "embedding", embedding: [0.6767, 0.6767, -0.29], index: 0 }],
            metadata: {
              model: "openai/text-embedding-3-small",
              usage: { promptTokens: 2, totalTokens: 2 },
            },
          },
        },
      },
    },
    "GET /ai/models": {
      summary: "Lists the models, for callers with the API key",
      caller: "administrator",
      answer: aiModelSchema.array(),
      errors: [401, 403, 500, 503],
      examples: {
        "By API key": {
          caller: "administrator",
          answer: [{
            id: "openai/gpt-4o",
            modelId: "openai/gpt-4o",
            provider: "openrouter",
            inputModality: ["text"],
            outputModality: ["text"],
            inputPrice: 2.5,
            inputPriceLabel: "$2.5 / M tokens",
          }],
        },
        "No token": {
          caller: "nobody",
          status: 401,
          answer: {
            error: "AUTH_INVALID_CREDENTIALS",
            message: "No admin token provided",
            statusCode: 401,
            nextActions: "Check the token is valid or login to get a new token.",
          },
        },
        "By a user": {
          status: 403,
          answer: {
            error: "AUTH_UNAUTHORIZED",
            message: "Admin access required",
            statusCode: 403,
            nextActions: "Check the admin token is valid or login as admin to get a new token.",
          },
        },
      },
    },
  },
} satisfies Reference;
