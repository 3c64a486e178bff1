/** `/audio/speech` and `/audio/transcriptions`: silence of the right length, and its description. */
import { Hono } from "hono";
import * as z from "zod/mini";
import { chooseModel, readInference, requireCredits, requireOutput } from "./inference.ts";
import { answerJson } from "./interruption.ts";
import { toUsage } from "./ledger.ts";
import { invalidRequest } from "./refusal.ts";
import type { Env, World } from "./world.ts";

const CHARACTERS_PER_SECOND = 15;
/** Samples of 16 bits. */
const PCM_BYTES_PER_SECOND = 48_000;
/** A frame of MPEG 1 layer III with 32 kbit/s and 44.1 kHz, which is silent without data. */
const MP3_FRAME = Uint8Array.of(0xff, 0xfb, 0x10, 0xc4, ...new Uint8Array(100));
const MP3_FRAMES_PER_SECOND = 38;
/** The bytes of a second of the recordings that are sent, which are not decoded. */
const BYTES_PER_SECOND = 4_000;

const speechRequest = z.looseObject({
  model: z.string(),
  input: z.string().check(z.minLength(1)),
  voice: z.nullish(z.string()),
  response_format: z.nullish(z.enum(["mp3", "pcm"])),
  speed: z.nullish(z.number()),
});

const transcriptionRequest = z.looseObject({
  model: z.string(),
  input_audio: z.looseObject({ data: z.string().check(z.minLength(1)), format: z.string() }),
  language: z.nullish(z.string()),
  response_format: z.nullish(z.enum(["json", "verbose_json"])),
});

/** Creates the routes. Speech is priced by the character, recordings by the second. */
export function createAudioRoutes(world: World): Hono<Env> {
  const routes = new Hono<Env>();

  routes.post("/audio/speech", async (c) => {
    const { request, simulation, generation } = await readInference(world, c, speechRequest, "tts");
    const model = chooseModel([request.model], simulation, (model) => {
      requireOutput(model, "speech");
    });
    const promptTokens = request.input.length;
    requireCredits(world, { simulation, generation }, model, { promptTokens, maxTokens: 0 });
    const spending = { promptTokens, completionTokens: 0, byok: simulation.byok };
    world.ledger.settle(generation, { model, spending });
    const isMp3 = request.response_format === "mp3";
    const seconds = Math.ceil(request.input.length / CHARACTERS_PER_SECOND / (request.speed ?? 1));
    return c.body(isMp3 ? toMp3(seconds) : new Uint8Array(seconds * PCM_BYTES_PER_SECOND), 200, {
      "Content-Type": isMp3 ? "audio/mpeg" : "audio/pcm;rate=24000;channels=1",
      "X-Generation-Id": generation.id,
    });
  });

  routes.post("/audio/transcriptions", async (c) => {
    const { request, simulation, generation } = await readInference(
      world,
      c,
      transcriptionRequest,
      "stt",
    );
    const model = chooseModel([request.model], simulation, (model) => {
      requireOutput(model, "transcription");
    });
    const seconds = Math.ceil(decode(request.input_audio.data).length / BYTES_PER_SECOND);
    const size = { promptTokens: 0, maxTokens: 0 };
    requireCredits(world, { simulation, generation }, model, size);
    const spending = {
      promptTokens: 0,
      completionTokens: 0,
      units: seconds,
      byok: simulation.byok,
    };
    world.ledger.settle(generation, { model, spending });
    const text = `A recording of ${seconds} ${seconds === 1 ? "second" : "seconds"}`;
    const { cost, is_byok, cost_details } = toUsage(model, spending);
    const body = {
      text,
      ...(request.response_format === "verbose_json" && {
        task: "transcribe",
        language: request.language ?? "english",
        duration: seconds,
        segments: [{ id: 0, start: 0, end: seconds, text }],
      }),
      usage: { seconds, cost, is_byok, cost_details },
    };
    return answerJson(c, body, simulation, generation.id);
  });

  return routes;
}

function toMp3(seconds: number): Uint8Array<ArrayBuffer> {
  const count = seconds * MP3_FRAMES_PER_SECOND;
  const bytes = new Uint8Array(count * MP3_FRAME.length);
  for (let i = 0; i < count; i++) bytes.set(MP3_FRAME, i * MP3_FRAME.length);
  return bytes;
}

function decode(base64: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(base64);
  } catch {
    throw invalidRequest('Invalid "input_audio.data": it must be base64');
  }
}
