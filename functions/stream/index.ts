/** Streams the answer to a prompt or a conversation. https://openrouter.ai/docs/api-reference/streaming */
import { requireOpenFields } from "../../shared/assistants/open_fields.ts";
import { invalidInput } from "../../shared/errors.ts";
import { MAX_IMAGE_BODY_BYTES } from "../../shared/http/body.ts";
import { withModels } from "../../shared/openrouter/with_models.ts";
import { toConversation } from "../../shared/request/chat_request.ts";
import { streamBody, toChatRequest } from "./chatbot_ui.ts";

const config = { slug: "stream", body: streamBody, maxBodyBytes: MAX_IMAGE_BODY_BYTES };

export default withModels(config, ({ request, body, ai, settings }) => {
  if (body.stream === false) {
    throw invalidInput('"stream" must be true; use the function "chat" for one JSON response');
  }
  const conversation = toConversation(toChatRequest(body), settings);
  const params = requireOpenFields(conversation, settings);
  if (!prefersPlainText(request)) return ai.stream(params);
  if ((body.n ?? 1) !== 1) throw invalidInput('"n" must be 1, because plain text is one answer');
  return ai.streamText(params);
});

/** Only the first type counts: some clients list `text/plain` after JSON in every request. */
function prefersPlainText({ headers }: Request): boolean {
  return /^\s*text\/plain\s*(?:[;,]|$)/i.test(headers.get("Accept") ?? "");
}
