/**
 * Converts OpenRouter's responses to those of the deprecated proxy. Their shape has not been
 * checked.
 */
import type {
  ChatCompletionResponse,
  EmbeddingsResponse,
  ImageGenerationResponse,
  ToolCall,
} from "@insforge/shared-schemas";
import { toArguments, toContentText } from "../../shared/openrouter/messages.ts";
import { ApiError } from "../../shared/errors.ts";
import { readOpenRouterError } from "../../shared/gateway/openrouter.ts";
import { toAnnotations } from "./annotations.ts";
import type { RawCompletion, RawEmbeddings } from "./openrouter_responses.ts";

/**
 * Converts a chat completion. Only the first choice counts, and `metadata.model` is the requested
 * model, not the one that answered.
 *
 * @throws {ApiError} 500 `AI_UPSTREAM_UNAVAILABLE` for a response that is not a completion.
 */
export function toChatAnswer(answer: unknown, model: string): ChatCompletionResponse {
  return read(answer as RawCompletion, "Failed to get response", ({ choices, usage }) => {
    const message = choices[0]?.message;
    return {
      text: toContentText(message?.content),
      tool_calls: message?.tool_calls?.length
        ? message.tool_calls.filter(isFunctionCall).map(({ id, type, function: called }) => ({
          id,
          type,
          function: { name: called.name, arguments: toArguments(called.arguments) },
        }))
        : undefined,
      annotations: toAnnotations(message),
      metadata: {
        model,
        usage: usage
          ? {
            promptTokens: usage.prompt_tokens,
            completionTokens: usage.completion_tokens,
            totalTokens: usage.total_tokens,
          }
          : undefined,
      },
    };
  });
}

/**
 * Converts the images of all choices, and the last text among them. A response without either was a
 * success in the deprecated proxy, and still is.
 *
 * @throws {ApiError} 500 `AI_UPSTREAM_UNAVAILABLE` for a response without a list of choices.
 */
export function toImageAnswer(answer: unknown, model: string): ImageGenerationResponse {
  return read(answer as RawCompletion, "Failed to generate image", ({ choices, usage }) => {
    const messages = (choices?.length ? choices : []).map(({ message }) => message);
    const images = messages.flatMap(({ images }) => Array.isArray(images) ? images : []);
    return {
      text: messages.map(({ content }) => toContentText(content)).findLast(Boolean),
      images: images.flatMap(({ type, image_url }) =>
        type === "image_url" && image_url?.url
          ? [{ type: "imageUrl" as const, imageUrl: image_url.url }]
          : []
      ),
      metadata: {
        model,
        usage: usage
          ? {
            promptTokens: usage.prompt_tokens || 0,
            completionTokens: usage.completion_tokens || 0,
            totalTokens: usage.total_tokens || 0,
          }
          : undefined,
      },
    };
  });
}

/**
 * Converts vectors, unchanged and in their order.
 *
 * @throws {ApiError} 500 `AI_UPSTREAM_UNAVAILABLE` for a response without vectors.
 */
export function toEmbeddingsAnswer(answer: unknown): EmbeddingsResponse {
  return read(
    answer as RawEmbeddings,
    "Failed to generate embeddings",
    ({ data, model, usage }) => ({
      object: "list",
      data: data.map(({ embedding, index }) => ({ object: "embedding", embedding, index })),
      metadata: {
        model,
        usage: usage
          ? { promptTokens: usage.prompt_tokens, totalTokens: usage.total_tokens }
          : undefined,
      },
    }),
  );
}

function isFunctionCall(call: ToolCall | { type: string }): call is ToolCall {
  return call.type === "function";
}

/** Reads a response of any shape; a response of an unknown shape is the failure. */
function read<Answer, Result>(
  answer: Answer,
  what: string,
  work: (answer: Answer) => Result,
): Result {
  try {
    return work(answer);
  } catch {
    const failure = readOpenRouterError({ status: 200, body: answer });
    const reason = failure?.message ?? "the answer could not be read";
    throw new ApiError(500, "AI_UPSTREAM_UNAVAILABLE", `${what}: ${reason}`);
  }
}
