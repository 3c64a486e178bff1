/** Schema of `stream`'s requests, loaded for those that are not of the usual form. */
import * as z from "zod/mini";
import { chatRequest } from "../../shared/request/chat_schemas.ts";
import { nonEmptyText } from "../../shared/request/text_fields.ts";

const chatSettings = z.looseObject({
  model: nonEmptyText,
  temperature: z.optional(z.number()),
});

/** A request of `stream`: that of `chat`, or the messages and settings of chatbot-ui. */
export const streamRequest = z.safeExtend(chatRequest, {
  /**
   * Model and temperature of the answer. The other settings are ignored: chatbot-ui has applied them
   * to `messages` itself.
   */
  chatSettings: z.optional(chatSettings),
});
