/** OpenRouter's responses as far as they are read. Nothing in them has been checked. */
import type { ToolCall } from "@insforge/shared-schemas";
import type { Annotation } from "./annotations.ts";

/** A message of a completion. */
export interface RawMessage {
  content?: string | null;
  tool_calls?: (ToolCall | { type: string })[] | null;
  annotations?: Annotation[] | null;
  images?: { type: string; image_url?: { url?: string } }[] | null;
}

/** Tokens, as far as they are stated. */
export interface RawUsage {
  prompt_tokens?: number;
  completion_tokens?: number;
  total_tokens?: number;
}

/** A chat completion. */
export interface RawCompletion {
  choices: { message: RawMessage }[];
  usage?: RawUsage | null;
}

/** Vectors for texts. */
export interface RawEmbeddings {
  data: { embedding: number[] | string; index: number }[];
  model: string;
  usage?: RawUsage | null;
}
