/** Embeddings: vectors of numbers for texts. */
import type { CreateEmbeddingResponse } from "openai/resources";
import type { ApiError } from "../errors.ts";
import type { Fields } from "../fields.ts";
import { unusable } from "../gateway/failures.ts";
import type { Call } from "../http/call.ts";
import type { TokenUsage } from "../token_usage.ts";
import { requestJson } from "./call.ts";

/** OpenRouter's response; vectors are floats. */
export type Embeddings = Omit<CreateEmbeddingResponse, "usage"> & { usage?: Partial<TokenUsage> };

/** Texts, lists of tokens, or OpenRouter's own objects that hold images and more. */
export type EmbeddingInput = string | number[] | (string | number[] | object)[];

/**
 * Embeds inputs as floats. OpenAI's SDK would request base64, which some models ignore.
 *
 * @returns OpenRouter's response, one vector per input, in the order of the inputs.
 * @throws {ApiError} as the docs' table of errors says; 502 when vectors are missing or empty.
 * @see https://openrouter.ai/docs/api-reference/embeddings
 */
export async function createEmbeddings(
  call: Call,
  params: Fields & { input: EmbeddingInput },
): Promise<Embeddings> {
  const { input } = params;
  const count = Array.isArray(input) && typeof input[0] !== "number" ? input.length : 1;
  const operation = { path: "/embeddings", params: { ...params, encoding_format: "float" } };
  const response = await requestJson<Embeddings>(
    call,
    operation,
    (response, error) => requireVectors(response, error, count),
  );
  return { ...response, data: response.data.toSorted((a, b) => a.index - b.index) };
}

function requireVectors({ data }: Embeddings, error: ApiError | undefined, count: number): void {
  if (error) throw error;
  const vectors = Array.isArray(data) ? data.map((item) => item?.embedding) : [];
  const complete = vectors.length === count &&
    vectors.every((vector) =>
      Array.isArray(vector) && vector.length > 0 && vector.every(Number.isFinite)
    );
  if (!complete) throw unusable(`The AI provider did not respond with ${count} vectors of numbers`);
}
