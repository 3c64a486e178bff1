/** The operations of `v1` for videos. */
import { invalidInput } from "../../shared/errors.ts";
import { MAX_IMAGE_BODY_BYTES, parseValue } from "../../shared/http/body.ts";
import { isAllowedModel } from "../../shared/policy/models.ts";
import { refreshVideo } from "../../shared/videos/advance.ts";
import { contentResponse, readIndex } from "../../shared/videos/content_response.ts";
import { listVideoModels } from "../../shared/videos/costs.ts";
import { orderVideo } from "../../shared/videos/order.ts";
import { toStoredRequest, toVideoParams } from "../../shared/videos/params.ts";
import { listVideos, requireVideo } from "../../shared/videos/rows.ts";
import type { RouteContext } from "./late_route.ts";
import {
  openAIVideosQuery,
  readOrder,
  toOpenAIVideos,
  toVideo,
  type VideoModels,
} from "./videos.ts";

/** Serves `POST /videos`. */
export async function postVideo({ call, user }: RouteContext): Promise<Response> {
  const { order, isOpenAI } = await readOrder(call, { maxBytes: MAX_IMAGE_BODY_BYTES });
  const params = await toVideoParams(user, order, call.settings);
  const request = { ...toStoredRequest(order), ...(isOpenAI && { api: "openai" }) };
  const row = await orderVideo(call, { owner: user, params, request });
  return Response.json(toVideo(call, row), { status: 202 });
}

/** Serves `GET /videos`. */
export async function getVideos({ call, user }: RouteContext): Promise<Response> {
  const { route: _, ...query } = Object.fromEntries(new URL(call.request.url).searchParams);
  const { limit = "20", after: id, order } = parseValue(query, openAIVideosQuery);
  const after = id === undefined ? undefined : await requireVideo(user, id, call.settings);
  const list = { limit: Number(limit) + 1, after, ascending: order === "asc" };
  const rows = await listVideos(user, list, call.settings);
  const page = rows.slice(0, Number(limit));
  return Response.json(toOpenAIVideos(page, rows.length > page.length));
}

/** Serves `GET /videos/models`. */
export async function getVideoModels({ call }: RouteContext): Promise<Response> {
  const models = await listVideoModels(call);
  const allowed = call.settings.ALLOWED_MODELS;
  const data = models.filter(({ id }) => isAllowedModel(id, allowed));
  return Response.json({ data } satisfies VideoModels);
}

/** Serves `GET /videos/:id`. */
export async function getVideo({ call, user, param }: RouteContext): Promise<Response> {
  const { settings, request: { signal } } = call;
  const row = await requireVideo(user, param("id"), settings);
  return Response.json(toVideo(call, await refreshVideo(row, { settings, signal })));
}

/** Serves `GET /videos/:id/content`. */
export async function getContent({ call, user, param }: RouteContext): Promise<Response> {
  const query = new URL(call.request.url).searchParams;
  const index = readIndex(query.get("index") ?? undefined);
  if ((query.get("variant") ?? "video") !== "video") {
    throw invalidInput('"variant" must be "video"; OpenRouter has no other files of a video');
  }
  const row = await requireVideo(user, param("id"), call.settings);
  return await contentResponse(call, row, index);
}
