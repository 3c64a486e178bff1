/**
 * OpenAI's API on OpenRouter's models, for any OpenAI client, and Anthropic's Messages.
 * https://platform.openai.com/docs/api-reference
 */
import { createApp } from "../../shared/http/app.ts";
import { requireUser } from "../../shared/auth/user_token.ts";
import { MAX_IMAGE_BODY_BYTES, readBody } from "../../shared/http/body.ts";
import { completionRequest, toCompletionParams } from "../../shared/request/chat_request.ts";
import { toAnthropicErrorBody, toOpenAIErrorBody } from "../../shared/errors.ts";
import { saveImages } from "../../shared/openrouter/saved_images.ts";
import { requireBucket } from "../../shared/insforge/storage.ts";
import { createCompletion, streamCompletion } from "../../shared/openrouter/completions.ts";
import { createEmbeddings } from "../../shared/openrouter/embeddings.ts";
import { createImages } from "../../shared/openrouter/images.ts";
import { requireInputTokens } from "../../shared/request/input_tokens.ts";
import { eventStream } from "../../shared/http/event_stream.ts";
import { readModel, readModels } from "./catalogue.ts";
import { chatProtocol } from "./chat_protocol.ts";
import { embeddingsRequest, toBase64Vectors } from "./embeddings.ts";
import {
  imagesRequest,
  type OpenAIImages,
  toImageParams,
  toImages,
  toOpenAIImages,
} from "./images.ts";
import { createMessage, messagesRequest, streamMessage, toMessageParams } from "./messages.ts";
import { createResponse, responsesRequest, streamResponse, toResponseParams } from "./responses.ts";

/** OpenAI accepts 300,000 tokens, each of which is one number. */
const EMBEDDINGS_BODY = { maxBytes: MAX_IMAGE_BODY_BYTES, maxValues: 350_000 };

/** Clients of PinMe and Anthropic send their key as `X-API-Key`. */
const CREDENTIAL = { acceptsApiKeyHeader: true };

const { app, handler } = createApp("v1", {
  toErrorBody: (error, path) =>
    /^\/messages\b/.test(path) ? toAnthropicErrorBody(error) : toOpenAIErrorBody(error),
});
export default handler;

app.post("/chat/completions", async ({ env: call }) => {
  await requireUser(call, CREDENTIAL);
  const request = await readBody(call, completionRequest, { maxBytes: MAX_IMAGE_BODY_BYTES });
  const params = toCompletionParams(request, call.settings, { lowersLimits: true });
  if (!request.stream) return Response.json(await createCompletion(call, params));
  return eventStream(call, await streamCompletion(call, params, { protocol: chatProtocol }));
});

app.post("/responses", async ({ env: call }) => {
  await requireUser(call, CREDENTIAL);
  const request = await readBody(call, responsesRequest, { maxBytes: MAX_IMAGE_BODY_BYTES });
  const params = toResponseParams(request, call.settings);
  if (!request.stream) return Response.json(await createResponse(call, params));
  return eventStream(call, await streamResponse(call, params));
});

app.post("/messages", async ({ env: call }) => {
  await requireUser(call, CREDENTIAL);
  const request = await readBody(call, messagesRequest, { maxBytes: MAX_IMAGE_BODY_BYTES });
  const params = toMessageParams(request, call.settings);
  if (!request.stream) return Response.json(await createMessage(call, params));
  return eventStream(call, await streamMessage(call, params));
});

app.post("/embeddings", async ({ env: call }) => {
  await requireUser(call, CREDENTIAL);
  const request = await readBody(call, embeddingsRequest, EMBEDDINGS_BODY);
  requireInputTokens({ input: request.input }, call.settings);
  const model = request.model ?? call.settings.OPENROUTER_EMBEDDING_MODEL;
  const answer = await createEmbeddings(call, { ...request, model });
  return Response.json(request.encoding_format === "base64" ? toBase64Vectors(answer) : answer);
});

app.post("/images/generations", async ({ env: call }) => {
  const user = await requireUser(call, CREDENTIAL);
  const request = await readBody(call, imagesRequest, { maxBytes: MAX_IMAGE_BODY_BYTES });
  const params = toImageParams(request, call.settings);
  const place = { bucket: call.settings.IMAGE_BUCKET };
  const toSave = request.response_format === "url";
  if (toSave) await requireBucket(user, place, call.settings);
  const answer = await createImages(call, params);
  const images = toOpenAIImages(answer);
  if (!toSave) return Response.json(images);
  const saved = await saveImages(user, toImages(answer), place, call);
  const data = saved.map((image, i) =>
    "save_error" in image
      ? { ...answer.data[i]!, save_error: image.save_error }
      : { url: image.url, media_type: image.media_type }
  );
  return Response.json({ ...images, data } satisfies OpenAIImages);
});

app.get("/models", async ({ env: call }) => {
  await requireUser(call, CREDENTIAL);
  return Response.json(await readModels(call, new URL(call.request.url).searchParams));
});

app.get("/models/:id{.+}", async (c) => {
  await requireUser(c.env, CREDENTIAL);
  return Response.json(await readModel(c.env, c.req.param("id")));
});
