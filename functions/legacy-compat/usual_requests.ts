/** The requests that most apps send, which are checked without the deprecated proxy's schemas. */
import type {
  ChatCompletionRequest,
  EmbeddingsRequest,
  ImageGenerationRequest,
} from "@insforge/shared-schemas";
import type { Fields } from "../../shared/fields.ts";
import type { LateSchema } from "../../shared/http/body.ts";
import type { Settings } from "../../shared/settings.ts";

// The schemas drop unknown fields, so a request with such a field is never usual.
const CHAT_FIELDS = ["model", "messages", "temperature", "maxTokens", "topP", "stream"];
const USUAL_ROLES = new Set<unknown>(["system", "user", "assistant"]);

/** A chat: messages of text, and numbers; its output limit is at most `MAX_OUTPUT_TOKENS`. */
export function createChatBody(settings: Settings): LateSchema<ChatCompletionRequest> {
  return {
    isUsual(value) {
      const { model, messages, temperature, maxTokens, topP, stream }: Fields = Object(value);
      return hasOnly(value, CHAT_FIELDS) && typeof model === "string" &&
        Array.isArray(messages) && messages.every(isUsualMessage) &&
        isWithin(temperature, 0, 2) && isWithin(topP, 0, 1) &&
        isWithin(maxTokens, 1, settings.MAX_OUTPUT_TOKENS) && Number.isInteger(maxTokens ?? 1) &&
        (stream === undefined || typeof stream === "boolean");
    },
    load: async () => (await import("./schemas.ts")).createChatSchema(settings),
  };
}

/** Images from a prompt. */
export const imageBody: LateSchema<ImageGenerationRequest> = {
  isUsual(value) {
    const { model, prompt }: Fields = Object(value);
    return hasOnly(value, ["model", "prompt"]) && typeof model === "string" &&
      typeof prompt === "string";
  },
  load: async () => (await import("./schemas.ts")).imageSchema,
};

/** Vectors for texts. */
export const embeddingsBody: LateSchema<EmbeddingsRequest> = {
  isUsual(value) {
    const { model, input }: Fields = Object(value);
    const texts = Array.isArray(input) ? input : [input];
    return hasOnly(value, ["model", "input"]) && typeof model === "string" &&
      texts.every((text) => typeof text === "string");
  },
  load: async () => (await import("./schemas.ts")).embeddingsSchema,
};

function isUsualMessage(message: unknown): boolean {
  const { role, content }: Fields = Object(message);
  return hasOnly(message, ["role", "content"]) && USUAL_ROLES.has(role) &&
    typeof content === "string";
}

function hasOnly(value: unknown, names: string[]): boolean {
  return Object.keys(Object(value)).every((name) => names.includes(name));
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return value === undefined || typeof value === "number" && value >= least && value <= most;
}
