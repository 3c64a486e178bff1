/** Generates 3D objects with an old API that may be gone. https://openrouter.ai/docs/api-reference */
import * as z from "zod/mini";
import { requireUser } from "../../shared/auth/user_token.ts";
import { ApiError } from "../../shared/errors.ts";
import { unusable } from "../../shared/gateway/failures.ts";
import { createApp } from "../../shared/http/app.ts";
import { readBody } from "../../shared/http/body.ts";
import { requestJson } from "../../shared/openrouter/call.ts";
import { requireShort } from "../../shared/request/chat_request.ts";
import { nonEmptyText, promptText } from "../../shared/request/text_fields.ts";

/** What to generate; other fields pass through. */
export const objectRequest = z.looseObject({
  /** At most `MAX_PROMPT_CHARS` characters. */
  prompt: promptText,
  num_inference_steps: z.optional(z.int().check(z.gte(1), z.lte(100))),
  num_outputs: z.optional(z.int().check(z.gte(1), z.lte(10))),
  /** The format of the files, such as `ply`. */
  extension: z.optional(nonEmptyText),
  /** `openai/shap-e` unless given. */
  model: z.optional(nonEmptyText),
});

/** One object. */
export interface MediaOutput {
  /** The file in base64. */
  uri?: string;
  /** The URL of the file. */
  url?: string;
}

/** The response. */
export interface MediaResponse {
  /** At least one object, each with a file, a URL or both. */
  generations: MediaOutput[];
}

/** OpenRouter's current documentation does not mention `/objects/generations`. */
const PATH = "/objects/generations";
const DEFAULT_MODEL = "openai/shap-e";

const { app, handler } = createApp("object-gen");
export default handler;

app.post("/", async ({ env: call }) => {
  await requireUser(call);
  const request = await readBody(call, objectRequest);
  if (!call.settings.ENABLE_OBJECT_GEN) {
    const message = "This app does not generate 3D objects";
    const nextActions = "Ask the operator of this app to switch 3D objects on";
    throw new ApiError(403, "FORBIDDEN", message, { nextActions });
  }
  requireShort(request.prompt, "prompt", call.settings);
  const operation = { path: PATH, params: { model: DEFAULT_MODEL, ...request } };
  const { generations } = await requestJson<MediaResponse>(call, operation, (response, error) => {
    if (error) throw error;
    if (!isGenerated(response)) throw unusable("The AI provider responded without an object");
  });
  return Response.json({ generations } satisfies MediaResponse);
});

function isGenerated({ generations }: MediaResponse): boolean {
  return Array.isArray(generations) && generations.length > 0 &&
    generations.every((one) => typeof (one?.uri ?? one?.url) === "string");
}
