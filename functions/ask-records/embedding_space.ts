/** What makes vectors comparable: one model, and one length. */
import { ApiError } from "../../shared/errors.ts";
import { type Fields, isFields } from "../../shared/fields.ts";

/** How all vectors of one index are made. */
export interface EmbeddingSpace {
  /** The table that the index belongs to. */
  table: string;
  /** The model. */
  model: string;
  /** The length of the vectors. */
  dimensions: number;
  /** Further fields of each request for vectors. */
  params: Fields;
}

/** Whether a value has all parts of an embedding space except the table. */
export function isEmbeddingSpace(value: unknown): value is Omit<EmbeddingSpace, "table"> {
  const { model, dimensions, params } = Object(value) as EmbeddingSpace;
  return typeof model === "string" && Number.isInteger(dimensions) && isFields(params);
}

/**
 * Rejects a vector that does not have the length of the index's vectors.
 *
 * @throws {ApiError} 500 `INTERNAL_ERROR` with the model and both lengths.
 */
export function requireDimensions(
  { table, model, dimensions }: EmbeddingSpace,
  { length }: { length: number },
): void {
  if (length === dimensions) return;
  const message =
    `The model ${model} makes vectors of ${length} dimensions, and the search index ` +
    `of "${table}" has vectors of ${dimensions}; make the index again with ${length} dimensions`;
  throw new ApiError(500, "INTERNAL_ERROR", message);
}
