/**
 * The deprecated proxy's schemas of requests. They are written anew, because InsForge's package of
 * schemas doubles the time that this function takes to start.
 */
import type {
  ChatCompletionRequest,
  EmbeddingsRequest,
  ImageGenerationRequest,
} from "@insforge/shared-schemas";
import * as z from "zod/mini";
import type { Settings } from "../../shared/settings.ts";
import { images, message } from "./message_schema.ts";

const webSearch = z.object({
  enabled: z.boolean(),
  engine: z.optional(z.enum(["native", "exa"])),
  maxResults: z.optional(z.number().check(z.gte(1), z.lte(10))),
  searchPrompt: z.optional(z.string()),
});

const fileParser = z.object({
  enabled: z.boolean(),
  pdf: z.optional(z.object({
    engine: z.optional(z.enum(["pdf-text", "mistral-ocr", "native"])),
  })),
});

const tool = z.object({
  type: z.literal("function"),
  function: z.object({
    name: z.string(),
    description: z.optional(z.string()),
    parameters: z.optional(z.record(z.string(), z.unknown())),
  }),
});

const toolChoice = z.union([
  z.enum(["auto", "none", "required"]),
  z.object({ type: z.literal("function"), function: z.object({ name: z.string() }) }),
]);

/** zod's own integers must be safe; the proxy accepted larger ones. */
const wholeNumber = z.number().check(
  z.refine(Number.isInteger, "Expected integer, received float"),
);

/** A chat; its output limit is at most `MAX_OUTPUT_TOKENS`. */
export function createChatSchema(
  { MAX_OUTPUT_TOKENS }: Settings,
): z.ZodMiniType<ChatCompletionRequest> {
  return z.object({
    model: z.string(),
    messages: z.array(message),
    temperature: z.optional(z.number().check(z.gte(0), z.lte(2))),
    maxTokens: z.optional(
      wholeNumber.check(
        z.gt(0),
        z.refine(
          (count) => count <= MAX_OUTPUT_TOKENS,
          "Exceeds configured maximum token cap.",
        ),
      ),
    ),
    topP: z.optional(z.number().check(z.gte(0), z.lte(1))),
    stream: z.optional(z.boolean()),
    webSearch: z.optional(webSearch),
    fileParser: z.optional(fileParser),
    thinking: z.optional(z.boolean()),
    tools: z.optional(z.array(tool)),
    toolChoice: z.optional(toolChoice),
    parallelToolCalls: z.optional(z.boolean()),
  });
}

/** Images from a prompt. */
export const imageSchema: z.ZodMiniType<ImageGenerationRequest> = z.object({
  model: z.string(),
  prompt: z.string(),
  images,
});

/** Vectors for texts. */
export const embeddingsSchema: z.ZodMiniType<EmbeddingsRequest> = z.object({
  model: z.string(),
  input: z.union([z.string(), z.array(z.string())]),
  encoding_format: z.optional(z.enum(["float", "base64"])),
  dimensions: z.optional(wholeNumber.check(z.gte(0))),
});
