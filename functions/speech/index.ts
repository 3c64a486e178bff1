/** Speaks a text and returns the audio. https://openrouter.ai/docs/guides/overview/multimodal/tts */
import * as z from "zod/mini";
import { toBase64 } from "../../shared/base64.ts";
import { isBufferingPlatform } from "../../shared/http/platform.ts";
import { requireBucket } from "../../shared/insforge/storage.ts";
import { withAi } from "../../shared/mod.ts";
import { saveMedia } from "../../shared/openrouter/saved_media.ts";
import { requireShort } from "../../shared/request/chat_request.ts";
import { savePlace } from "../../shared/request/save_place.ts";
import {
  SPEECH_DEFAULTS,
  speechRequest as plainRequest,
} from "../../shared/request/speech_request.ts";
import type { SpeechAnswer } from "./answer.ts";

/** What to say, and whether to save it in the app's storage. */
export const speechRequest = z.extend(plainRequest, {
  /** Where to store the audio in the app's storage, as the caller. */
  save: z.optional(savePlace),
});

const config = { slug: "speech", body: speechRequest };

export default withAi(config, async (context) => {
  const { body: { save, ...order }, request, ai, settings, user } = context;
  requireShort(order.input, "input", settings);
  if (save) await requireBucket(user, save, settings);
  const model = order.model ?? settings.OPENROUTER_SPEECH_MODEL;
  const params = { ...SPEECH_DEFAULTS, ...order, model };
  const { bytes, mediaType } = await ai.speak(params);
  if (!save && wantsBytes(request)) {
    return new Response(bytes, { headers: { "Content-Type": mediaType } });
  }
  const media_type = mediaType.replace(/\s/g, "");
  const inline = { media_type, data_url: `data:${media_type};base64,${toBase64(bytes)}` };
  const [audio = inline] = save ? await saveMedia(user, [inline], save, context) : [];
  return Response.json({ audio: audio as SpeechAnswer["audio"], model } satisfies SpeechAnswer);
});

/** Self-hosted InsForge destroys responses that are not text, so the request is ignored there. */
function wantsBytes({ headers }: Request): boolean {
  return /\baudio\//.test(headers.get("Accept") ?? "") && !isBufferingPlatform();
}
