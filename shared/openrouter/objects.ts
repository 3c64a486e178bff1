/** OpenRouter's old API for 3D objects, which its current documentation does not mention. */
import { ApiError } from "../errors.ts";
import type { Fields } from "../fields.ts";
import { unusable } from "../gateway/failures.ts";
import type { Call } from "../http/call.ts";
import { requestJson } from "./call.ts";

/** One object. */
export interface MediaOutput {
  /** The file in base64. */
  uri?: string;
  /** The URL of the file. */
  url?: string;
}

/** The response of OpenRouter's `/objects/generations`. */
export interface MediaResponse {
  /** At least one object, each with a file, a URL or both. */
  generations: MediaOutput[];
}

const DEFAULT_MODEL = "openai/shap-e";

/**
 * Generates 3D objects, when the setting `ENABLE_OBJECT_GEN` is `true`.
 *
 * @param params `prompt` and OpenRouter's other fields.
 * @returns at least one object.
 * @throws {ApiError} 403 `FORBIDDEN` when the setting is not `true`; otherwise as the docs' table of
 *   errors says; 502 for a response without an object.
 */
export async function createObjects(call: Call, params: Fields): Promise<MediaResponse> {
  if (!call.settings.ENABLE_OBJECT_GEN) {
    const message = "This app does not generate 3D objects";
    const nextActions = "Ask the operator of this app to switch 3D objects on";
    throw new ApiError(403, "FORBIDDEN", message, { nextActions });
  }
  const operation = { path: "/objects/generations", params: { model: DEFAULT_MODEL, ...params } };
  const { generations } = await requestJson<MediaResponse>(call, operation, (response, error) => {
    if (error) throw error;
    if (!isGenerated(response)) throw unusable("The AI provider responded without an object");
  });
  return { generations };
}

function isGenerated({ generations }: MediaResponse): boolean {
  return Array.isArray(generations) && generations.length > 0 &&
    generations.every((one) => typeof (one?.uri ?? one?.url) === "string");
}
