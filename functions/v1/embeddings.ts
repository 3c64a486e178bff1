/** Vectors in the form that OpenAI's clients request. */
import * as z from "zod/mini";
import { nonEmptyText } from "../../shared/request/text_fields.ts";
import type { Embeddings } from "../../shared/openrouter/embeddings.ts";
import type { TokenUsage } from "../../shared/token_usage.ts";

const tokens = z.array(z.int()).check(z.minLength(1));
const mixture = z.looseObject({ content: z.array(z.unknown()).check(z.minLength(1)) });

/** What to embed; OpenRouter's other fields pass through. */
export const embeddingsRequest = z.looseObject({
  input: z.union([
    nonEmptyText,
    tokens,
    z.array(z.union([nonEmptyText, tokens, mixture])).check(z.minLength(1)),
  ]),
  /** The setting `OPENROUTER_EMBEDDING_MODEL` unless given. */
  model: z.optional(nonEmptyText),
  dimensions: z.nullish(z.int().check(z.gte(1))),
  encoding_format: z.nullish(z.enum(["float", "base64"])),
});

/** The response with each vector as base64. */
export interface Base64Embeddings {
  object: "list";
  data: { object: "embedding"; index: number; embedding: string }[];
  model: string;
  usage?: Partial<TokenUsage>;
}

/** Converts each vector to base64, which OpenAI's SDK requests by default. */
export function toBase64Vectors(answer: Embeddings): Base64Embeddings {
  const data = answer.data.map((item) => ({ ...item, embedding: toBase64(item.embedding) }));
  return { ...answer, data };
}

/** Little-endian float32, the byte order of every machine that Deno runs on. */
function toBase64(vector: number[]): string {
  const bytes = new Uint8Array(Float32Array.from(vector).buffer);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
