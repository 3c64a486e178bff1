/** Streams the answer to a prompt or a conversation. https://openrouter.ai/docs/api-reference/streaming */
import { invalidInput } from "../../shared/errors.ts";
import { MAX_IMAGE_BODY_BYTES } from "../../shared/http/body.ts";
import { withAi } from "../../shared/mod.ts";
import { chatRequest, toCompletionParams } from "../../shared/request/chat_request.ts";

const config = { slug: "stream", body: chatRequest, maxBodyBytes: MAX_IMAGE_BODY_BYTES };

export default withAi(config, ({ body, ai, settings }) => {
  if (body.stream === false) {
    throw invalidInput('"stream" must be true; use the function "chat" for one JSON response');
  }
  return ai.stream(toCompletionParams(body, settings));
});
