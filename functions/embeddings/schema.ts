/** Schema of requests for vectors, loaded for those that are not of the usual form. */
import * as z from "zod/mini";
import { nonEmptyText } from "../../shared/request/text_fields.ts";

/** What to embed; OpenRouter's other fields pass through. */
export const embeddingsRequest = z.looseObject({
  input: z.union([nonEmptyText, z.array(nonEmptyText).check(z.minLength(1))]),
  /** The setting `OPENROUTER_EMBEDDING_MODEL` unless given. */
  model: z.optional(nonEmptyText),
  dimensions: z.optional(z.int().check(z.gte(1))),
  input_type: z.optional(nonEmptyText),
  encoding_format: z.optional(z.literal("float")),
});

/** A checked request for vectors. */
export type EmbeddingsRequest = z.infer<typeof embeddingsRequest>;
