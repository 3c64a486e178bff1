/** Recordings in forms, and the names of their formats. */
import { assertEquals, assertRejects } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import { toAudioFormat, toRecording } from "../../../shared/request/recording.ts";

function toForm(fields: Record<string, string | File>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}

Deno.test("toRecording returns base64, the format and the other fields", async () => {
  const file = new File(["abc"], "a.bin", { type: "audio/mpeg" });
  const form = toForm({ file, model: "a/b", temperature: "0.5", provider: '{"order":["x"]}' });
  const { fields, ...recording } = await toRecording(form);
  assertEquals(recording, { data: btoa("abc"), format: "mp3" });
  assertEquals({ ...fields }, { model: "a/b", temperature: 0.5, provider: { order: ["x"] } });
});

Deno.test("toRecording takes the format from the file's name when it has no media type", async () => {
  const formats = await Promise.all(
    ["a.OGG", "a.tar.wav", "noise"].map(async (name) =>
      (await toRecording(toForm({ file: new File(["a"], name) }))).format
    ),
  );
  assertEquals(formats, ["ogg", "wav", undefined]);
});

Deno.test("toRecording returns 400 for a form without a file", async () => {
  for (const form of [toForm({}), toForm({ file: "a text" })]) {
    const error = await assertRejects(() => toRecording(form), ApiError);
    assertEquals([error.status, error.message], [400, '"file" is required']);
  }
});

Deno.test("toAudioFormat returns OpenRouter's names", () => {
  const types = ["audio/mp4", "video/webm;codecs=opus", "AUDIO/X-WAV", "image/png", undefined];
  assertEquals(types.map(toAudioFormat), ["m4a", "webm", "wav", undefined, undefined]);
});
