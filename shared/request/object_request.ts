/** Requests for 3D objects, in the form of OpenRouter's old API. */
import * as z from "zod/mini";
import { nonEmptyText, promptText } from "./text_fields.ts";

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
