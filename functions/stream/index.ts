/** An answer as it is written, token by token. https://openrouter.ai/docs/api-reference/streaming */
import { createApp } from "../../shared/app.ts";
import { requireUser } from "../../shared/auth.ts";
import { MAX_IMAGE_BODY_BYTES, readBody } from "../../shared/body.ts";
import { chatRequest, toCompletionParams } from "../../shared/conversation.ts";
import { invalidInput } from "../../shared/errors.ts";
import { streamCompletion } from "../../shared/openrouter.ts";
import { EVENT_STREAM_HEADERS } from "../../shared/sse.ts";

const { app, handler } = createApp("stream");
export default handler;

app.post("/", async ({ env: call }) => {
  await requireUser(call);
  const request = await readBody(call, chatRequest, MAX_IMAGE_BODY_BYTES);
  if (request.stream === false) {
    throw invalidInput('"stream" must be true here; the function "chat" answers in one piece');
  }
  const stream = await streamCompletion(call, toCompletionParams(request, call.settings));
  return new Response(stream, { headers: EVENT_STREAM_HEADERS });
});
