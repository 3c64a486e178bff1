/** Writes down what is said in a recording. https://openrouter.ai/docs/guides/overview/multimodal/stt */
import { requireUser } from "../../shared/auth/user_token.ts";
import { createApp } from "../../shared/http/app.ts";
import { MAX_IMAGE_BODY_BYTES } from "../../shared/http/body.ts";
import { createTranscription, type Transcription } from "../../shared/openrouter/audio.ts";
import { readRecording, toTranscriptionParams } from "./recording.ts";

/** The response. */
export interface TranscribeAnswer extends Transcription {
  /** The model that was requested. */
  model: string;
}

const { app, handler } = createApp("transcribe");
export default handler;

app.post("/", async ({ env: call }) => {
  await requireUser(call);
  const request = await readRecording(call, { maxBytes: MAX_IMAGE_BODY_BYTES });
  const model = request.model ?? call.settings.OPENROUTER_TRANSCRIPTION_MODEL;
  const params = { ...toTranscriptionParams(request), model };
  const transcription = await createTranscription(call, params);
  return Response.json({ model, ...transcription } satisfies TranscribeAnswer);
});
