/** OpenAI's API, spoken to OpenRouter: any OpenAI client works. https://platform.openai.com/docs/api-reference */
import { createApp } from "../../shared/app.ts";
import { requireUser } from "../../shared/auth.ts";
import { MAX_IMAGE_BODY_BYTES, readBody } from "../../shared/body.ts";
import { completionRequest, toCompletionParams } from "../../shared/conversation.ts";
import { toOpenAIErrorBody } from "../../shared/errors.ts";
import { createCompletion, streamCompletion } from "../../shared/openrouter.ts";
import { EVENT_STREAM_HEADERS } from "../../shared/sse.ts";

const { app, handler } = createApp("v1", { toErrorBody: toOpenAIErrorBody });
export default handler;

app.post("/chat/completions", async (c) => {
  const call = c.env;
  await requireUser(call);
  const request = await readBody(call, completionRequest, MAX_IMAGE_BODY_BYTES);
  const params = toCompletionParams(request, call.settings);
  if (!request.stream) return Response.json(await createCompletion(call, params));
  return new Response(await streamCompletion(call, params), { headers: EVENT_STREAM_HEADERS });
});
