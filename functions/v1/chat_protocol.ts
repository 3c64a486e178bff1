/** Chat completions whose stream ends with an error in OpenAI's form. */
import { toOpenAIErrorEvent } from "../../shared/errors.ts";
import { chatProtocol as openRouterProtocol } from "../../shared/openrouter/chat_protocol.ts";
import type { Protocol } from "../../shared/openrouter/protocol.ts";

/** OpenRouter's events, and the error event that OpenAI's and OpenRouter's SDKs read. */
export const chatProtocol: Protocol = {
  ...openRouterProtocol,
  createReader: () => ({
    ...openRouterProtocol.createReader(),
    toErrorEvent: toOpenAIErrorEvent,
  }),
};
