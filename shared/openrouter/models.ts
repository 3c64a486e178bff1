/** The gateway's catalogue of models. */
import { unusable } from "../gateway/failures.ts";
import type { Call } from "../http/call.ts";
import { fetchJson } from "./json_responses.ts";

/** A list of OpenRouter's models, each with its prices and abilities. */
export interface ModelList {
  /** The models, by id. */
  data: { id: string; [detail: string]: unknown }[];
  /** Fields that differ between gateways. */
  [detail: string]: unknown;
}

/**
 * Lists the gateway's models, including those that generate images, audio or vectors.
 *
 * @throws {ApiError} as the docs' table of errors says.
 * @see https://openrouter.ai/docs/api-reference/list-available-models
 */
export function listModels(call: Call): Promise<ModelList> {
  return fetchJson<ModelList>(call, "/models?output_modalities=all", (response, error) => {
    if (error) throw error;
    if (!Array.isArray(response.data)) {
      throw unusable("The AI provider responded without a list of models");
    }
  });
}
