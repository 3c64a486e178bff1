/** A stream of images: previews, then the images. Only OpenAI's models have one. */
import { toStreamSteps } from "./chat/stream.ts";
import type { Model } from "./model.ts";
import { playSteps } from "./playback.ts";
import type { Received } from "./received.ts";
import type { Simulation } from "./simulation.ts";

/** What a stream of images is made of. */
export interface ImageStream {
  data: { b64_json: string; media_type: string }[];
  /** How many previews are sent before the images. */
  previews: number;
  /** Seconds since 1970. */
  created: number;
  usage: unknown;
  id: string;
  simulation: Simulation;
  chunkDelayMs: number;
  received: Received;
  /** Called at the end. A stream that is interrupted costs nothing. */
  onEnd(isWhole: boolean): void;
}

/** Whether a model sends previews. The others answer with JSON, whatever the request says. */
export function streamsImages({ id }: Model): boolean {
  return id.startsWith("openai/");
}

/** Creates the response. */
export function streamImages(stream: ImageStream): Response {
  const { data, created, usage, simulation, received, onEnd } = stream;
  const previews = Array.from({ length: stream.previews }, (_, partial_image_index) => ({
    type: "image_generation.partial_image",
    b64_json: data[0]!.b64_json,
    partial_image_index,
  }));
  const images = data.map((image, i) => ({
    type: "image_generation.completed",
    ...image,
    created,
    ...(i === data.length - 1 && { usage }),
  }));
  const chunks = [...previews, ...images].map((body) => ({ body, tokens: 0 }));
  const steps = toStreamSteps(chunks, { comments_before: 0, ...simulation }, {
    chunkDelayMs: stream.chunkDelayMs,
    failure: { type: "error", error: { code: 502, message: "Provider returned error" } },
    toWire: (body) => body,
  });
  const body = playSteps(steps, received, ({ cancelled }) => {
    onEnd(!cancelled && simulation.fail === undefined);
  });
  const headers = { "Content-Type": "text/event-stream", "X-Generation-Id": stream.id };
  return new Response(body, { headers });
}
