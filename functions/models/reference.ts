/** The API reference of `models`: what the schemas and types do not say. */
import type { Reference } from "../../tools/reference/operation.ts";
import { modelsQuery } from "./filters.ts";

const DESCRIPTION = `\
Only models that the app allows are listed, of all modalities. Prices are USD; an unknown price \
is null. Models for speech, transcription, reranking and video have prices in units that \
OpenRouter's catalogue does not state.

The list is cached. One that is older than five minutes is returned as it is and refreshed after \
the response. Where sub-paths are not available, \`?route=<author>/<model>\` returns one model.`;

export const reference = {
  description: DESCRIPTION,
  operations: {
    "GET /": {
      summary: "Lists the models that the app allows, with prices and abilities",
      query: modelsQuery,
      answer: "ModelsAnswer",
      errors: [400, 401, 429, 500, 502, 504],
      examples: {
        "Models that call tools, the cheapest first": {
          parameters: { modality: "text", supported_parameters: "tools", sort: "price" },
          answer: {
            models: [{
              id: "meta-llama/llama-3.3-70b-instruct:free",
              name: "Meta: Llama 3.3 70B Instruct (free)",
              context_length: 131072,
              max_output_tokens: 16384,
              input_modalities: ["text"],
              output_modalities: ["text"],
              supported_parameters: ["max_tokens", "tools"],
              free: true,
              prices: { prompt: 0, completion: 0 },
            }],
          },
        },
        "Free models": { parameters: { free: "true", q: "llama" } },
        "An order that does not exist": {
          parameters: { sort: "beauty" },
          status: 400,
          answer: {
            error: "INVALID_INPUT",
            message: '"sort" must be one of "name", "price", "context", "newest"',
            statusCode: 400,
            nextActions: "Correct the request as the message says",
          },
        },
      },
    },
    "GET /:id{.+}": {
      summary: "Returns one model",
      answer: "ModelEntry",
      errors: [401, 404, 429, 500, 502, 504],
      examples: {
        "A model": {
          parameters: { id: "openai/gpt-4o-mini" },
          answer: {
            id: "openai/gpt-4o-mini",
            name: "OpenAI: GPT-4o-mini",
            context_length: 128000,
            max_output_tokens: 16384,
            input_modalities: ["text", "image", "file"],
            output_modalities: ["text"],
            supported_parameters: ["max_tokens", "tools"],
            free: false,
            prices: { prompt: 0.15, completion: 0.6 },
          },
        },
        "A model that does not exist": {
          parameters: { id: "openai/gpt-0" },
          status: 404,
          answer: {
            error: "AI_INVALID_MODEL",
            message: 'There is no model "openai/gpt-0"',
            statusCode: 404,
            nextActions: "Choose another model",
          },
        },
      },
    },
  },
} satisfies Reference;
