/**
 * OpenAI's and OpenRouter's APIs and Anthropic's Messages, for any client made for one of them.
 * https://platform.openai.com/docs/api-reference
 */
import { createApp } from "../../shared/http/app.ts";
import { requireUser } from "../../shared/auth/user_token.ts";
import { MAX_IMAGE_BODY_BYTES, readBody } from "../../shared/http/body.ts";
import {
  completionBody,
  toCompletionBody,
  toConversation,
} from "../../shared/request/chat_request.ts";
import { toAssistedRequest } from "../../shared/assistants/apply.ts";
import { type ApiError, toAnthropicErrorBody, toOpenAIErrorBody } from "../../shared/errors.ts";
import { createCompletion, streamCompletion } from "../../shared/openrouter/completions.ts";
import { createEmbeddings } from "../../shared/openrouter/embeddings.ts";
import { estimateInputTokens, requireInputTokens } from "../../shared/request/input_tokens.ts";
import { eventStream } from "../../shared/http/event_stream.ts";
import { addCatalogueRoutes } from "./catalogue_routes.ts";
import { chatProtocol } from "./chat_protocol.ts";
import { CREDENTIAL } from "./credential.ts";
import { embeddingsRequest, toBase64Vectors } from "./embeddings.ts";
import { addImageRoutes } from "./image_routes.ts";
import { addMediaRoutes } from "./media_routes.ts";
import { addVideoRoutes } from "./video_routes.ts";
import {
  countRequest,
  createMessage,
  messagesRequest,
  streamMessage,
  type TokenCount,
  toMessageParams,
} from "./messages.ts";
import { toPinmeErrorBody } from "./pinme_errors.ts";
import { createResponse, responsesRequest, streamResponse, toResponseParams } from "./responses.ts";
import {
  createTextCompletion,
  streamTextCompletion,
  textCompletionRequest,
  toTextParams,
} from "./text_completions.ts";

/** OpenAI accepts 300,000 tokens, each of which is one number. */
const EMBEDDINGS_BODY = { maxBytes: MAX_IMAGE_BODY_BYTES, maxValues: 350_000 };

const { app, handler } = createApp("v1", { toErrorBody });
export default handler;

addCatalogueRoutes(app);
addImageRoutes(app);
addMediaRoutes(app);
addVideoRoutes(app);

// PinMe's clients append /api/v1 to the base URL themselves.
app.on("POST", ["/chat/completions", "/api/v1/chat/completions"], async ({ env: call }) => {
  await requireUser(call, CREDENTIAL);
  const request = await readBody(call, completionBody, { maxBytes: MAX_IMAGE_BODY_BYTES });
  const conversation = toAssistedRequest(call, toConversation(request, call.settings));
  const params = toCompletionBody(conversation, call.settings, { lowersLimits: true });
  if (!request.stream) return Response.json(await createCompletion(call, params));
  return eventStream(call, await streamCompletion(call, params, { protocol: chatProtocol }));
});

app.post("/responses", async ({ env: call }) => {
  await requireUser(call, CREDENTIAL);
  const request = await readBody(call, responsesRequest, { maxBytes: MAX_IMAGE_BODY_BYTES });
  const params = toResponseParams(call, request);
  if (!request.stream) return Response.json(await createResponse(call, params));
  return eventStream(call, await streamResponse(call, params));
});

app.post("/messages", async ({ env: call }) => {
  await requireUser(call, CREDENTIAL);
  const request = await readBody(call, messagesRequest, { maxBytes: MAX_IMAGE_BODY_BYTES });
  const params = toMessageParams(call, request);
  if (!request.stream) return Response.json(await createMessage(call, params));
  return eventStream(call, await streamMessage(call, params));
});

app.post("/messages/count_tokens", async ({ env: call }) => {
  await requireUser(call, CREDENTIAL);
  const { system, messages, tools } = await readBody(call, countRequest, {
    maxBytes: MAX_IMAGE_BODY_BYTES,
  });
  const input_tokens = estimateInputTokens({ system, messages, tools });
  return Response.json({ input_tokens } satisfies TokenCount);
});

app.post("/completions", async ({ env: call }) => {
  await requireUser(call, CREDENTIAL);
  const request = await readBody(call, textCompletionRequest);
  const params = toTextParams(request, call.settings);
  if (!request.stream) return Response.json(await createTextCompletion(call, params));
  return eventStream(call, await streamTextCompletion(call, params));
});

app.post("/embeddings", async ({ env: call }) => {
  await requireUser(call, CREDENTIAL);
  const request = await readBody(call, embeddingsRequest, EMBEDDINGS_BODY);
  requireInputTokens({ input: request.input }, call.settings);
  const model = request.model ?? call.settings.OPENROUTER_EMBEDDING_MODEL;
  const answer = await createEmbeddings(call, { ...request, model });
  return Response.json(request.encoding_format === "base64" ? toBase64Vectors(answer) : answer);
});

/** The errors of each API that `v1` speaks, by the path below the function. */
function toErrorBody(error: ApiError, path: string): Record<string, unknown> {
  if (/^\/messages\b/.test(path)) return toAnthropicErrorBody(error);
  return /^\/api\/v1\b/.test(path) ? toPinmeErrorBody(error) : toOpenAIErrorBody(error);
}
