/** Embeddings: vectors of numbers for texts. */
import type { CreateEmbeddingResponse } from "openai/resources";
import type { Fields } from "../fields.ts";
import { unusable } from "../gateway/failures.ts";
import type { Call } from "../http/call.ts";
import { sumTokenUsage, type TokenUsage } from "../token_usage.ts";
import { type Operation, requestAllJson, requestJson } from "./call.ts";
import type { Judge } from "./json_responses.ts";

/** OpenRouter's response; vectors are floats. */
export type Embeddings = Omit<CreateEmbeddingResponse, "usage"> & { usage?: Partial<TokenUsage> };

/** Texts, lists of tokens, or OpenRouter's own objects that hold images and more. */
export type EmbeddingInput = string | number[] | (string | number[] | object)[];

/** Texts per request of {@link embedAll}: OpenAI accepts 2048, other providers fewer. */
const BATCH_SIZE = 100;
const CONCURRENT_BATCHES = 4;

/**
 * Embeds inputs in one request, as floats. OpenAI's SDK would request base64, which some models
 * ignore.
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
  return toSorted(await requestJson(call, toOperation(params), requireVectors(count)));
}

/**
 * Embeds any number of inputs, in batches whose cost is reserved at once. After the first failure
 * the other batches are aborted.
 *
 * @returns one response with all vectors, in the order of the inputs, and the usage of all batches.
 * @throws {ApiError} as {@link createEmbeddings}.
 */
export async function embedAll(
  call: Call,
  { input, ...params }: Fields & { input: (string | object)[] },
): Promise<Embeddings> {
  const batches = Array.from(
    { length: Math.ceil(input.length / BATCH_SIZE) },
    (_, i) => input.slice(i * BATCH_SIZE, (i + 1) * BATCH_SIZE),
  );
  const responses = await requestAllJson<Embeddings>(
    call,
    batches.map((input) => toOperation({ ...params, input })),
    {
      concurrency: CONCURRENT_BATCHES,
      judge: (index) => requireVectors(batches[index]!.length),
    },
  );
  const data = responses.flatMap((response) => toSorted(response).data);
  return {
    ...responses[0]!,
    data: data.map((item, index) => ({ ...item, index })),
    usage: sumTokenUsage(responses.map(({ usage }) => usage)),
  };
}

function toOperation(params: Fields): Operation {
  return { path: "/embeddings", params: { ...params, encoding_format: "float" } };
}

function toSorted(response: Embeddings): Embeddings {
  return { ...response, data: response.data.toSorted((a, b) => a.index - b.index) };
}

/** Rejects a response that does not hold `count` vectors of numbers. */
function requireVectors(count: number): Judge<Embeddings> {
  return (response, error) => {
    if (error) throw error;
    const { data } = response;
    const vectors = Array.isArray(data) ? data.map((item) => item?.embedding) : [];
    const complete = vectors.length === count && vectors.every(isVector);
    if (complete) return;
    throw unusable(`The AI provider did not respond with ${count} vectors of numbers`);
  };
}

function isVector(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(Number.isFinite);
}
