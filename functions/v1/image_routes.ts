/** The operations of `v1` for images: OpenAI's two, and OpenRouter's. */
import type { User } from "../../shared/auth/user_token.ts";
import type { Fields } from "../../shared/fields.ts";
import { MAX_IMAGE_BODY_BYTES, readBody } from "../../shared/http/body.ts";
import type { Call } from "../../shared/http/call.ts";
import { convertEvents } from "../../shared/http/converted_events.ts";
import { eventStream } from "../../shared/http/event_stream.ts";
import { requireBucket } from "../../shared/insforge/storage.ts";
import { createImages, streamImages } from "../../shared/openrouter/images.ts";
import { saveMedia } from "../../shared/openrouter/saved_media.ts";
import type { RouteContext } from "./late_route.ts";
import { readEdit } from "./image_edits.ts";
import {
  imageProtocol,
  type ImagesRequest,
  imagesRequest,
  openRouterImagesRequest,
  toImageEvent,
  toImageParams,
  toMedia,
  toOpenAIImages,
  toSavedImages,
} from "./images.ts";

const LIMITS = { maxBytes: MAX_IMAGE_BODY_BYTES };

/** Serves `POST /images`. */
export async function postImages({ call }: RouteContext): Promise<Response> {
  const params = toImageParams(
    await readBody(call, openRouterImagesRequest, LIMITS),
    call.settings,
  );
  if (!params.stream) return Response.json(await createImages(call, params));
  return eventStream(call, await streamImages(call, params, imageProtocol));
}

/** Serves `POST /images/generations`. */
export async function generateImages({ call, user }: RouteContext): Promise<Response> {
  const request = await readBody(call, imagesRequest, LIMITS);
  const params = toImageParams(request, call.settings);
  return await respond(call, { user, request, params, kind: "image_generation" });
}

/** Serves `POST /images/edits`. */
export async function editImages({ call, user }: RouteContext): Promise<Response> {
  const { images, ...request } = await readEdit(call, LIMITS);
  const input_references = images.map(({ image_url: url }) => ({
    type: "image_url",
    image_url: { url },
  }));
  const params = { ...toImageParams(request, call.settings), input_references };
  return await respond(call, { user, request, params, kind: "image_edit" });
}

/** A request for images in OpenAI's form. */
interface Order {
  user: User;
  request: ImagesRequest;
  /** The body for OpenRouter. */
  params: Fields;
  /** What the types of the events begin with. */
  kind: "image_generation" | "image_edit";
}

async function respond(call: Call, { user, request, params, kind }: Order): Promise<Response> {
  if (params.stream) {
    const events = await streamImages(call, params, imageProtocol);
    return eventStream(call, convertEvents(events, (event) => toImageEvent(event, kind)));
  }
  const place = { bucket: call.settings.IMAGE_BUCKET };
  const toSave = request.response_format === "url";
  if (toSave) await requireBucket(user, place, call.settings);
  const answer = await createImages(call, params);
  const images = toOpenAIImages(answer);
  if (!toSave) return Response.json(images);
  const saved = await saveMedia(user, toMedia(answer), place, call);
  return Response.json(toSavedImages(images, saved));
}
