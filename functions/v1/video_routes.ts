/** The operations of `v1` for videos. */
import { requireUser } from "../../shared/auth/user_token.ts";
import { invalidInput } from "../../shared/errors.ts";
import type { App } from "../../shared/http/app.ts";
import { MAX_IMAGE_BODY_BYTES, parseValue } from "../../shared/http/body.ts";
import { isAllowedModel } from "../../shared/policy/models.ts";
import { refreshVideo } from "../../shared/videos/advance.ts";
import { contentResponse, readIndex } from "../../shared/videos/content_response.ts";
import { listVideoModels } from "../../shared/videos/costs.ts";
import { orderVideo } from "../../shared/videos/order.ts";
import { toStoredRequest, toVideoParams } from "../../shared/videos/params.ts";
import { listVideos, requireVideo } from "../../shared/videos/rows.ts";
import { CREDENTIAL } from "./credential.ts";
import {
  openAIVideosQuery,
  readOrder,
  toOpenAIVideos,
  toVideo,
  type VideoModels,
} from "./videos.ts";

/** Adds the operations. */
export function addVideoRoutes(app: App): void {
  app.post("/videos", async ({ env: call }) => {
    const user = await requireUser(call, CREDENTIAL);
    const { order, isOpenAI } = await readOrder(call, { maxBytes: MAX_IMAGE_BODY_BYTES });
    const params = await toVideoParams(user, order, call.settings);
    const request = { ...toStoredRequest(order), ...(isOpenAI && { api: "openai" }) };
    const row = await orderVideo(call, { owner: user, params, request });
    return Response.json(toVideo(call, row), { status: 202 });
  });

  app.get("/videos", async ({ env: call }) => {
    const user = await requireUser(call, CREDENTIAL);
    const { route: _, ...query } = Object.fromEntries(new URL(call.request.url).searchParams);
    const { limit = "20", after: id, order } = parseValue(query, openAIVideosQuery);
    const after = id === undefined ? undefined : await requireVideo(user, id, call.settings);
    const list = { limit: Number(limit) + 1, after, ascending: order === "asc" };
    const rows = await listVideos(user, list, call.settings);
    const page = rows.slice(0, Number(limit));
    return Response.json(toOpenAIVideos(page, rows.length > page.length));
  });

  app.get("/videos/models", async ({ env: call }) => {
    await requireUser(call, CREDENTIAL);
    const models = await listVideoModels(call);
    const allowed = call.settings.ALLOWED_MODELS;
    const data = models.filter(({ id }) => isAllowedModel(id, allowed));
    return Response.json({ data } satisfies VideoModels);
  });

  app.get("/videos/:id", async (c) => {
    const call = c.env;
    const user = await requireUser(call, CREDENTIAL);
    const { settings, request: { signal } } = call;
    const row = await requireVideo(user, c.req.param("id"), settings);
    return Response.json(toVideo(call, await refreshVideo(row, { settings, signal })));
  });

  app.get("/videos/:id/content", async (c) => {
    const call = c.env;
    const user = await requireUser(call, CREDENTIAL);
    const index = readIndex(c.req.query("index"));
    if ((c.req.query("variant") ?? "video") !== "video") {
      throw invalidInput('"variant" must be "video"; OpenRouter has no other files of a video');
    }
    const row = await requireVideo(user, c.req.param("id"), call.settings);
    return await contentResponse(call, row, index);
  });
}
