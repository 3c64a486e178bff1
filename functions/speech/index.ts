/** Speaks a text and returns the audio. https://openrouter.ai/docs/guides/overview/multimodal/tts */
import * as z from "zod/mini";
import { toBase64 } from "../../shared/base64.ts";
import { isBufferingPlatform } from "../../shared/http/platform.ts";
import { requireBucket } from "../../shared/insforge/storage.ts";
import { withAi } from "../../shared/mod.ts";
import { saveMedia } from "../../shared/openrouter/saved_media.ts";
import { requireShort } from "../../shared/request/chat_request.ts";
import { savePlace } from "../../shared/request/save_place.ts";
import { nonEmptyText, promptText } from "../../shared/request/text_fields.ts";
import type { SpeechAnswer } from "./answer.ts";

/** What to say, and how; OpenRouter's other fields pass through. */
export const speechRequest = z.looseObject({
  /** At most `MAX_PROMPT_CHARS` characters. */
  input: promptText,
  /** The setting `OPENROUTER_SPEECH_MODEL` unless given. */
  model: z.optional(nonEmptyText),
  /** One of the model's voices, see `models`; `alloy` unless given. */
  voice: z.optional(nonEmptyText),
  /** `mp3` unless given. `pcm` is raw samples of 16 bits. */
  response_format: z.optional(z.enum(["mp3", "pcm"])),
  /** Tempo, 1 unless given. */
  speed: z.optional(z.number().check(z.gte(0.25), z.lte(4))),
  /** Where to store the audio in the app's storage, as the caller. */
  save: z.optional(savePlace),
});

const config = { slug: "speech", body: speechRequest };

export default withAi(config, async (context) => {
  const { body: { save, ...order }, request, ai, settings, user } = context;
  requireShort(order.input, "input", settings);
  if (save) await requireBucket(user, save, settings);
  const model = order.model ?? settings.OPENROUTER_SPEECH_MODEL;
  const params = { voice: "alloy", response_format: "mp3", ...order, model };
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
