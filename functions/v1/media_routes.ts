/** The operations of `v1` for audio, rankings and 3D objects. */
import { requireUser } from "../../shared/auth/user_token.ts";
import type { App } from "../../shared/http/app.ts";
import { MAX_IMAGE_BODY_BYTES, readBody } from "../../shared/http/body.ts";
import { createSpeech, createTranscription } from "../../shared/openrouter/audio.ts";
import { createObjects } from "../../shared/openrouter/objects.ts";
import { createRanking } from "../../shared/openrouter/rerank.ts";
import { requireShort } from "../../shared/request/chat_request.ts";
import { objectRequest } from "../../shared/request/object_request.ts";
import { requireShortRanking, rerankRequest } from "../../shared/request/rerank_request.ts";
import { openAISpeechRequest, readTranscription, toSpeechParams } from "./audio.ts";
import { CREDENTIAL } from "./credential.ts";

/** Adds the operations. */
export function addMediaRoutes(app: App): void {
  app.post("/audio/speech", async ({ env: call }) => {
    await requireUser(call, CREDENTIAL);
    const params = toSpeechParams(await readBody(call, openAISpeechRequest), call.settings);
    const { bytes, mediaType } = await createSpeech(call, params);
    return new Response(bytes, { headers: { "Content-Type": mediaType } });
  });

  app.post("/audio/transcriptions", async ({ env: call }) => {
    await requireUser(call, CREDENTIAL);
    const params = await readTranscription(call, { maxBytes: MAX_IMAGE_BODY_BYTES });
    return Response.json(await createTranscription(call, params));
  });

  app.post("/rerank", async ({ env: call }) => {
    await requireUser(call, CREDENTIAL);
    const request = await readBody(call, rerankRequest);
    requireShortRanking(request, call.settings);
    const model = call.settings.OPENROUTER_RERANK_MODEL;
    return Response.json(await createRanking(call, { model, ...request }));
  });

  app.post("/objects/generations", async ({ env: call }) => {
    await requireUser(call, CREDENTIAL);
    const request = await readBody(call, objectRequest);
    requireShort(request.prompt, "prompt", call.settings);
    return Response.json(await createObjects(call, request));
  });
}
