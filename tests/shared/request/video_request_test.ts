import { assertEquals } from "@std/assert";
import * as z from "zod/mini";
import { videoOptions } from "../../../shared/request/video_request.ts";

const schema = z.looseObject(videoOptions);
const frame = {
  type: "image_url",
  image_url: { url: "https://example.com/a.png" },
  frame_type: "first_frame",
};

Deno.test("accepts OpenRouter's options of videos, and fields that are not known", () => {
  for (
    const options of [
      {},
      { duration: 8, size: "1280x720", seed: 0, generate_audio: false, creativity: 2 },
      { frame_images: [frame, { ...frame, frame_type: "last_frame" }] },
    ]
  ) {
    assertEquals(schema.safeParse(options).success, true);
  }
});

Deno.test("rejects options that no model can honour", () => {
  for (
    const options of [
      { duration: 0 },
      { duration: 1.5 },
      { duration: 61 },
      { frame_images: [] },
      { frame_images: [frame, frame, frame] },
      { frame_images: [{ ...frame, frame_type: "middle" }] },
      { frame_images: [{ ...frame, image_url: { url: "file:///etc/passwd" } }] },
      { previous_job_id: "" },
    ]
  ) {
    assertEquals(schema.safeParse(options).success, false, JSON.stringify(options));
  }
});
