/** The operations of `v1` for audio, rankings and 3D objects. */
import { MAX_IMAGE_BODY_BYTES, readBody } from "../../shared/http/body.ts";
import { createSpeech, createTranscription } from "../../shared/openrouter/audio.ts";
import { createObjects } from "../../shared/openrouter/objects.ts";
import { createRanking } from "../../shared/openrouter/rerank.ts";
import { requireShort } from "../../shared/request/chat_request.ts";
import { objectRequest } from "../../shared/request/object_request.ts";
import { requireShortRanking, rerankRequest } from "../../shared/request/rerank_request.ts";
import { openAISpeechRequest, readTranscription, toSpeechParams } from "./audio.ts";
import type { RouteContext } from "./late_route.ts";

/** Serves `POST /audio/speech`. */
export async function postSpeech({ call }: RouteContext): Promise<Response> {
  const params = toSpeechParams(await readBody(call, openAISpeechRequest), call.settings);
  const { bytes, mediaType } = await createSpeech(call, params);
  return new Response(bytes, { headers: { "Content-Type": mediaType } });
}

/** Serves `POST /audio/transcriptions`. */
export async function postTranscription({ call }: RouteContext): Promise<Response> {
  const params = await readTranscription(call, { maxBytes: MAX_IMAGE_BODY_BYTES });
  return Response.json(await createTranscription(call, params));
}

/** Serves `POST /rerank`. */
export async function postRanking({ call }: RouteContext): Promise<Response> {
  const request = await readBody(call, rerankRequest);
  requireShortRanking(request, call.settings);
  const model = call.settings.OPENROUTER_RERANK_MODEL;
  return Response.json(await createRanking(call, { model, ...request }));
}

/** Serves `POST /objects/generations`. */
export async function postObjects({ call }: RouteContext): Promise<Response> {
  const request = await readBody(call, objectRequest);
  requireShort(request.prompt, "prompt", call.settings);
  return Response.json(await createObjects(call, request));
}
