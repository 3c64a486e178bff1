/**
 * The deprecated AI routes of InsForge, as its SDK calls them.
 * https://openrouter.ai/docs/api-reference/chat-completion
 */
import type { Call } from "../../shared/http/call.ts";
import { createHandler, type EdgeFunction } from "../../shared/http/handler.ts";
import { ApiError } from "../../shared/errors.ts";
import { requireInputTokens } from "../../shared/request/input_tokens.ts";
import { eventStream } from "../../shared/http/event_stream.ts";
import { toChatAnswer, toEmbeddingsAnswer, toImageAnswer } from "./answers.ts";
import { requireAdministrator } from "./caller.ts";
import { toLegacyErrorBody, withLegacyFailures } from "./failures.ts";
import { legacyProtocol, requestLenient } from "./lenient.ts";
import { listLegacyModels } from "./models.ts";
import { toChatParams, toImageParams } from "./params.ts";
import { toLegacyPath } from "./paths.ts";
import { readRequest } from "./request.ts";
import { startStream } from "./stream.ts";
import { createChatBody, embeddingsBody, imageBody } from "./usual_requests.ts";

const CHAT = { path: "/chat/completions", protocol: legacyProtocol };

/** InsForge's SDK finds the routes under `api` by itself. */
export const aliases = ["api"];

async function chat(call: Call): Promise<Response> {
  const request = await readRequest(call, createChatBody(call.settings));
  if (request.stream) {
    return eventStream(call, await startStream(call, request));
  }
  const params = toChatParams(request, call.settings);
  const answer = await requestLenient(call, { ...CHAT, params });
  return Response.json(toChatAnswer(answer, params.model));
}

async function generateImage(call: Call): Promise<Response> {
  const request = await readRequest(call, imageBody);
  const answer = await requestLenient(call, {
    ...CHAT,
    params: toImageParams(request, call.settings),
  });
  return Response.json(toImageAnswer(answer, request.model));
}

async function embed(call: Call): Promise<Response> {
  const request = await readRequest(call, embeddingsBody);
  requireInputTokens({ input: request.input }, call.settings);
  const { encoding_format = "float" } = request;
  const params = { ...request, encoding_format, user: undefined };
  return Response.json(
    toEmbeddingsAnswer(await requestLenient(call, { path: "/embeddings", params })),
  );
}

async function listModels(call: Call): Promise<Response> {
  await requireAdministrator(call);
  return Response.json(await listLegacyModels(call));
}

const routes = [
  { method: "POST", path: "/ai/chat/completion", work: withLegacyFailures(chat) },
  { method: "POST", path: "/ai/image/generation", work: withLegacyFailures(generateImage) },
  { method: "POST", path: "/ai/embeddings", work: withLegacyFailures(embed) },
  { method: "GET", path: "/ai/models", work: withLegacyFailures(listModels) },
];

const paths = routes.map(({ path }) => path);

async function respond(call: Call): Promise<Response> {
  const { method, url } = call.request;
  const location = new URL(url);
  const path = toLegacyPath(location, paths);
  const isHead = method === "HEAD";
  const wanted = isHead ? "GET" : method;
  const route = routes.find((route) => route.path === path && route.method === wanted);
  if (!route) throw noEndpoint(`/api${path}${location.search}`);
  const response = await route.work(call);
  return isHead ? new Response(null, response) : response;
}

function noEndpoint(endpoint: string): ApiError {
  return new ApiError(404, "NOT_FOUND", `Endpoint ${endpoint} not found`, {
    nextActions: "Please check the API documentation for available endpoints",
  });
}

// The paths are fixed, so the function needs no router.
const handler: EdgeFunction = createHandler("legacy-compat", { routes, respond }, {
  toErrorBody: toLegacyErrorBody,
});
export default handler;
