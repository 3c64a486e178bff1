/** An answer as it is written, token by token. https://openrouter.ai/docs/api-reference/streaming */
import { createApp } from "../../shared/http/app.ts";
import { requireUser } from "../../shared/auth/user_token.ts";
import { MAX_IMAGE_BODY_BYTES, readBody } from "../../shared/http/body.ts";
import { chatRequest, toCompletionParams } from "../../shared/request/chat_request.ts";
import { invalidInput } from "../../shared/errors.ts";
import { streamCompletion } from "../../shared/openrouter/completions.ts";
import { eventStream } from "../../shared/http/event_stream.ts";

const { app, handler } = createApp("stream");
export default handler;

app.post("/", async ({ env: call }) => {
  await requireUser(call);
  const request = await readBody(call, chatRequest, { maxBytes: MAX_IMAGE_BODY_BYTES });
  if (request.stream === false) {
    throw invalidInput('"stream" must be true here; the function "chat" answers in one piece');
  }
  return eventStream(
    call,
    await streamCompletion(call, toCompletionParams(request, call.settings)),
  );
});
