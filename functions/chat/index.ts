/** Answers a prompt or a conversation as JSON. https://openrouter.ai/docs/api-reference/chat-completion */
import { requireOpenFields } from "../../shared/assistants/open_fields.ts";
import { invalidInput } from "../../shared/errors.ts";
import { MAX_IMAGE_BODY_BYTES } from "../../shared/http/body.ts";
import { withModels } from "../../shared/openrouter/with_models.ts";
import { chatBody, type ChatRequest, toConversation } from "../../shared/request/chat_request.ts";

export type { ChatAdditions, ChatAnswer } from "../../shared/openrouter/chat.ts";

const config = { slug: "chat", body: chatBody, maxBodyBytes: MAX_IMAGE_BODY_BYTES };

export default withModels(config, async ({ body, ai, settings }) => {
  requireOneText(body);
  const params = requireOpenFields(toConversation(body, settings), settings);
  return Response.json(await ai.complete(params));
});

/** Rejects what one text cannot hold. */
function requireOneText({ stream, n, modalities }: ChatRequest): void {
  if (stream) throw invalidInput('"stream" must be false; use the function "stream" to stream');
  if ((n ?? 1) !== 1) throw invalidInput('"n" must be 1, because the response holds one text');
  if (Array.isArray(modalities) && modalities.includes("audio")) {
    throw invalidInput('"modalities" must not hold "audio"; use the function "stream" for audio');
  }
}
