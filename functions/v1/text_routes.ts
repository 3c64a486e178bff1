/** The operations of `v1` for responses, messages, texts and vectors. */
import { MAX_IMAGE_BODY_BYTES, readBody } from "../../shared/http/body.ts";
import { eventStream } from "../../shared/http/event_stream.ts";
import { createEmbeddings } from "../../shared/openrouter/embeddings.ts";
import { estimateInputTokens, requireInputTokens } from "../../shared/request/input_tokens.ts";
import { embeddingsRequest, toBase64Vectors } from "./embeddings.ts";
import type { RouteContext } from "./late_route.ts";
import {
  countRequest,
  createMessage,
  messagesRequest,
  streamMessage,
  type TokenCount,
  toMessageParams,
} from "./messages.ts";
import { createResponse, responsesRequest, streamResponse, toResponseParams } from "./responses.ts";
import {
  createTextCompletion,
  streamTextCompletion,
  textCompletionRequest,
  toTextParams,
} from "./text_completions.ts";

/** OpenAI accepts 300,000 tokens, each of which is one number. */
const EMBEDDINGS_BODY = { maxBytes: MAX_IMAGE_BODY_BYTES, maxValues: 350_000 };

/** Serves `POST /responses`. */
export async function postResponse({ call }: RouteContext): Promise<Response> {
  const request = await readBody(call, responsesRequest, { maxBytes: MAX_IMAGE_BODY_BYTES });
  const params = toResponseParams(call, request);
  if (!request.stream) return Response.json(await createResponse(call, params));
  return eventStream(call, await streamResponse(call, params));
}

/** Serves `POST /messages`. */
export async function postMessage({ call }: RouteContext): Promise<Response> {
  const request = await readBody(call, messagesRequest, { maxBytes: MAX_IMAGE_BODY_BYTES });
  const params = toMessageParams(call, request);
  if (!request.stream) return Response.json(await createMessage(call, params));
  return eventStream(call, await streamMessage(call, params));
}

/** Serves `POST /messages/count_tokens`. */
export async function countTokens({ call }: RouteContext): Promise<Response> {
  const { system, messages, tools } = await readBody(call, countRequest, {
    maxBytes: MAX_IMAGE_BODY_BYTES,
  });
  const input_tokens = estimateInputTokens({ system, messages, tools });
  return Response.json({ input_tokens } satisfies TokenCount);
}

/** Serves `POST /completions`. */
export async function postTextCompletion({ call }: RouteContext): Promise<Response> {
  const request = await readBody(call, textCompletionRequest);
  const params = toTextParams(request, call.settings);
  if (!request.stream) return Response.json(await createTextCompletion(call, params));
  return eventStream(call, await streamTextCompletion(call, params));
}

/** Serves `POST /embeddings`. */
export async function postEmbeddings({ call }: RouteContext): Promise<Response> {
  const request = await readBody(call, embeddingsRequest, EMBEDDINGS_BODY);
  requireInputTokens({ input: request.input }, call.settings);
  const model = request.model ?? call.settings.OPENROUTER_EMBEDDING_MODEL;
  const answer = await createEmbeddings(call, { ...request, model });
  return Response.json(request.encoding_format === "base64" ? toBase64Vectors(answer) : answer);
}
