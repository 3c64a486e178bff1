/**
 * The deprecated AI routes of InsForge, as its SDK calls them.
 * https://openrouter.ai/docs/api-reference/chat-completion
 */
import { createApp } from "../../shared/http/app.ts";
import type { EdgeFunction } from "../../shared/http/handler.ts";
import { ApiError } from "../../shared/errors.ts";
import { requireInputTokens } from "../../shared/request/input_tokens.ts";
import { eventStream } from "../../shared/http/event_stream.ts";
import { toChatAnswer, toEmbeddingsAnswer, toImageAnswer } from "./answers.ts";
import { requireAdministrator } from "./caller.ts";
import { toLegacyErrorBody, withLegacyFailures } from "./failures.ts";
import { legacyProtocol, requestLenient } from "./lenient.ts";
import { listLegacyModels } from "./models.ts";
import { toChatParams, toImageParams } from "./params.ts";
import { toRouted } from "./paths.ts";
import { readRequest } from "./request.ts";
import { startStream } from "./stream.ts";
import { createChatBody, embeddingsBody, imageBody } from "./usual_requests.ts";

const CHAT = { path: "/chat/completions", protocol: legacyProtocol };

const { app, handler } = createApp("legacy-compat", { toErrorBody: toLegacyErrorBody });

/** InsForge's SDK finds the routes under `api` by itself. */
export const aliases = ["api"];

const legacyHandler: EdgeFunction = Object.assign(
  (...[request, environment]: Parameters<EdgeFunction>) => handler(toRouted(request), environment),
  { routes: handler.routes },
);
export default legacyHandler;

app.post(
  "/ai/chat/completion",
  withLegacyFailures(async (call) => {
    const request = await readRequest(call, createChatBody(call.settings));
    if (request.stream) {
      return eventStream(call, await startStream(call, request));
    }
    const params = toChatParams(request, call.settings);
    const answer = await requestLenient(call, { ...CHAT, params });
    return Response.json(toChatAnswer(answer, params.model));
  }),
);

app.post(
  "/ai/image/generation",
  withLegacyFailures(async (call) => {
    const request = await readRequest(call, imageBody);
    const answer = await requestLenient(call, {
      ...CHAT,
      params: toImageParams(request, call.settings),
    });
    return Response.json(toImageAnswer(answer, request.model));
  }),
);

app.post(
  "/ai/embeddings",
  withLegacyFailures(async (call) => {
    const request = await readRequest(call, embeddingsBody);
    requireInputTokens({ input: request.input }, call.settings);
    const { encoding_format = "float" } = request;
    const params = { ...request, encoding_format, user: undefined };
    return Response.json(
      toEmbeddingsAnswer(await requestLenient(call, { path: "/embeddings", params })),
    );
  }),
);

app.get(
  "/ai/models",
  withLegacyFailures(async (call) => {
    await requireAdministrator(call);
    return Response.json(await listLegacyModels(call));
  }),
);

app.notFound(({ req }) => {
  const { pathname, search } = new URL(req.url);
  const endpoint = pathname.replace("/legacy-compat", "/api") + search;
  throw new ApiError(404, "NOT_FOUND", `Endpoint ${endpoint} not found`, {
    nextActions: "Please check the API documentation for available endpoints",
  });
});
