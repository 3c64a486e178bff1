/** Writes down what is said in a recording. https://openrouter.ai/docs/guides/overview/multimodal/stt */
import { requireUser } from "../../shared/auth/user_token.ts";
import { toBase64 } from "../../shared/base64.ts";
import { createApp } from "../../shared/http/app.ts";
import { MAX_IMAGE_BODY_BYTES } from "../../shared/http/body.ts";
import { requireBucket } from "../../shared/insforge/storage.ts";
import { createTranscription, type Transcription } from "../../shared/openrouter/audio.ts";
import {
  type SavedMedia,
  saveMedia,
  type UnsavedMedia,
} from "../../shared/openrouter/saved_media.ts";
import { readRecording, toTranscriptionParams } from "./recording.ts";

/** The response. */
export interface TranscribeAnswer extends Transcription {
  /** The model that was requested. */
  model: string;
  /** The text as a file in the app's storage, with `save`. */
  saved?: SavedMedia;
  /** Why the text was not saved; it is in the response nevertheless. */
  save_error?: UnsavedMedia["save_error"];
}

const { app, handler } = createApp("transcribe");
export default handler;

app.post("/", async ({ env: call }) => {
  const user = await requireUser(call);
  const { save, ...request } = await readRecording(call, { maxBytes: MAX_IMAGE_BODY_BYTES });
  const model = request.model ?? call.settings.OPENROUTER_TRANSCRIPTION_MODEL;
  const params = { ...toTranscriptionParams(request), model };
  if (save) await requireBucket(user, save, call.settings);
  const answer: TranscribeAnswer = { model, ...await createTranscription(call, params) };
  if (!save) return Response.json(answer);
  const [saved] = await saveMedia(user, [toFile(answer.text)], save, call);
  if (!saved || "save_error" in saved) {
    return Response.json({ ...answer, save_error: saved?.save_error } satisfies TranscribeAnswer);
  }
  return Response.json({ ...answer, saved } satisfies TranscribeAnswer);
});

function toFile(text: string) {
  const data = toBase64(new TextEncoder().encode(text));
  return { media_type: "text/plain", data_url: `data:text/plain;charset=utf-8;base64,${data}` };
}
