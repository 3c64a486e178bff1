/** What the API reference says of `legacy-compat`, beside InsForge's own schemas. */
import {
  aiModelSchema,
  chatCompletionResponseSchema,
  embeddingsRequestSchema,
  embeddingsResponseSchema,
  imageGenerationRequestSchema,
  imageGenerationResponseSchema,
} from "@insforge/shared-schemas";
import { type ApiError, toErrorBody } from "../../shared/errors.ts";
import { createSettings } from "../../shared/settings.ts";
import type { Reference } from "../../tools/reference/operation.ts";
import { toLegacyFailure } from "./failures.ts";
import { createChatSchema } from "./request.ts";

/** Errors in the old proxy's words. */
function toLegacyErrorBody(error: ApiError): object {
  return toErrorBody(toLegacyFailure(error) as ApiError);
}

const ERRORS = [400, 401, 402, 403, 413, 429, 500, 502, 504];
const MODEL = "openai/gpt-4o-mini";

export const reference = {
  deprecated: true,
  toErrorBody: toLegacyErrorBody,
  description: "Request, answer and errors are those of InsForge 2.3.1.",
  operations: {
    "POST /ai/chat/completion": {
      summary: "A chat, whole or streamed",
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
      summary: "Images from a prompt",
      request: imageGenerationRequestSchema,
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
      summary: "Vectors for texts",
      request: embeddingsRequestSchema,
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
      summary: "The catalogue of models, for the holder of the API key",
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
