/**
 * OpenAI's and OpenRouter's APIs and Anthropic's Messages, for any client made for one of them.
 * https://platform.openai.com/docs/api-reference
 */
import { toAssistedRequest } from "../../shared/assistants/apply.ts";
import { requireUser } from "../../shared/auth/user_token.ts";
import { type ApiError, toAnthropicErrorBody, toOpenAIErrorBody } from "../../shared/errors.ts";
import { createApp } from "../../shared/http/app.ts";
import { MAX_IMAGE_BODY_BYTES, readBody } from "../../shared/http/body.ts";
import { eventStream } from "../../shared/http/event_stream.ts";
import { createCompletion, streamCompletion } from "../../shared/openrouter/completions.ts";
import {
  completionBody,
  toCompletionBody,
  toConversation,
} from "../../shared/request/chat_request.ts";
import { chatProtocol } from "./chat_protocol.ts";
import { CREDENTIAL, late } from "./late_route.ts";
import { toPinmeErrorBody } from "./pinme_errors.ts";

const { app, handler } = createApp("v1", { toErrorBody });
export default handler;

// PinMe's clients append /api/v1 to the base URL themselves.
app.on("POST", ["/chat/completions", "/api/v1/chat/completions"], async ({ env: call }) => {
  await requireUser(call, CREDENTIAL);
  const request = await readBody(call, completionBody, { maxBytes: MAX_IMAGE_BODY_BYTES });
  const conversation = toAssistedRequest(call, toConversation(request, call.settings));
  const params = toCompletionBody(conversation, call.settings, { lowersLimits: true });
  if (!request.stream) return Response.json(await createCompletion(call, params));
  return eventStream(call, await streamCompletion(call, params, { protocol: chatProtocol }));
});

const texts = () => import("./text_routes.ts");
app.post("/responses", late(texts, "postResponse"));
app.post("/messages", late(texts, "postMessage"));
app.post("/messages/count_tokens", late(texts, "countTokens"));
app.post("/completions", late(texts, "postTextCompletion"));
app.post("/embeddings", late(texts, "postEmbeddings"));

const media = () => import("./media_routes.ts");
app.post("/audio/speech", late(media, "postSpeech"));
app.post("/audio/transcriptions", late(media, "postTranscription"));
app.post("/rerank", late(media, "postRanking"));
app.post("/objects/generations", late(media, "postObjects"));

const images = () => import("./image_routes.ts");
app.post("/images", late(images, "postImages"));
app.post("/images/generations", late(images, "generateImages"));
app.post("/images/edits", late(images, "editImages"));

const videos = () => import("./video_routes.ts");
app.post("/videos", late(videos, "postVideo"));
app.get("/videos", late(videos, "getVideos"));
app.get("/videos/models", late(videos, "getVideoModels"));
app.get("/videos/:id", late(videos, "getVideo"));
app.get("/videos/:id/content", late(videos, "getContent"));

const catalogue = () => import("./catalogue_routes.ts");
app.on("GET", ["/models", "/api/v1/models"], late(catalogue, "getModels"));
app.get("/models/count", late(catalogue, "countModels"));
app.get("/embeddings/models", late(catalogue, "getEmbeddingModels"));
app.get("/models/:author/:slug/endpoints", late(catalogue, "getEndpoints"));
app.get("/model/:author/:slug", late(catalogue, "getDetails"));
// The route that takes any id comes last.
app.get("/models/:id{.+}", late(catalogue, "getModel"));

/** The errors of each API that `v1` speaks, by the path below the function. */
function toErrorBody(error: ApiError, path: string): Record<string, unknown> {
  if (/^\/messages\b/.test(path)) return toAnthropicErrorBody(error);
  return /^\/api\/v1\b/.test(path) ? toPinmeErrorBody(error) : toOpenAIErrorBody(error);
}
