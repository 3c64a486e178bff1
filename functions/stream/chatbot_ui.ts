/** The request body of chatbot-ui's chat routes. https://github.com/mckaywrigley/chatbot-ui */
import type * as z from "zod/mini";
import { invalidInput } from "../../shared/errors.ts";
import type { LateSchema } from "../../shared/http/body.ts";
import { isUsualChat } from "../../shared/request/chat_request.ts";
import type { streamRequest } from "./schema.ts";

/** A checked request of `stream`. */
export type StreamRequest = z.infer<typeof streamRequest>;

/** A request of `stream`: that of `chat`, or the messages and settings of chatbot-ui. */
export const streamBody: LateSchema<StreamRequest> = {
  isUsual: (value) => isUsualChat(value) && !Object.hasOwn(value as object, "chatSettings"),
  load: async () => (await import("./schema.ts")).streamRequest,
};

/** The fields that `chatSettings` stands for. */
const REPLACED = ["prompt", "model", "models", "temperature"] as const;

/**
 * Puts model and temperature of `chatSettings` where OpenRouter has them. A request without
 * `chatSettings` stays as it is.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` when a field is given in both places.
 */
export function toChatRequest({ chatSettings, ...request }: StreamRequest): StreamRequest {
  if (!chatSettings) return request;
  const twice = REPLACED.find((name) => request[name] !== undefined);
  if (twice) throw invalidInput(`"${twice}" cannot be combined with "chatSettings"`);
  const { model, temperature } = chatSettings;
  return { ...request, model, ...(temperature !== undefined && { temperature }) };
}
