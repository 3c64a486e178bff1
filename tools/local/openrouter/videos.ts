/** `/videos`: jobs that advance each time they are asked for, and a tiny film at their end. */
import { type Context, Hono } from "hono";
import * as z from "zod/mini";
import { FILM } from "./film.ts";
import { chooseModel, readInference, requireCredits, requireOutput } from "./inference.ts";
import type { Generation } from "./ledger.ts";
import { toUsage } from "./ledger.ts";
import type { Model } from "./model.ts";
import { listModels } from "./models.ts";
import { providerField, requireProvider } from "./provider.ts";
import { invalidRequest, providerError, Refusal } from "./refusal.ts";
import type { Simulation } from "./simulation.ts";
import type { Env, World } from "./world.ts";

const NANO = 1_000_000_000;
const MAX_JOBS = 1_000;
const DEFAULT_POLLS = 2;
const PIECE_BYTES = 64 * 1024;

const image = z.looseObject({
  type: z.literal("image_url"),
  image_url: z.looseObject({ url: z.string() }),
});
const videoRequest = z.looseObject({
  model: z.string(),
  prompt: z.nullish(z.string()),
  duration: z.nullish(z.int().check(z.gte(1))),
  resolution: z.nullish(z.enum(["360p", "480p", "720p", "768p", "1080p", "1K", "2K", "4K"])),
  aspect_ratio: z.nullish(z.string().check(z.regex(/^\d+:\d+$/))),
  size: z.nullish(z.string().check(z.regex(/^\d+x\d+$/))),
  frame_images: z.nullish(
    z.array(z.extend(image, { frame_type: z.enum(["first_frame", "last_frame"]) })),
  ),
  input_references: z.nullish(z.array(z.looseObject({ type: z.string() }))),
  callback_url: z.nullish(z.url({ protocol: /^https$/ })),
  previous_job_id: z.nullish(z.string()),
  provider: providerField,
});

interface Job {
  generation: Generation;
  model: Model;
  seconds: number;
  simulation: Simulation;
  /** How often it was asked for. */
  polls: number;
  isBilled: boolean;
}

/** Creates the list of video models, which needs no key. */
export function createVideoCatalogueRoutes(): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get("/videos/models", (c) => {
    const models = listModels().filter(({ output }) => output.includes("video"));
    return c.json({ data: models.map(toRow) });
  });
  return routes;
}

/** Creates the routes of jobs. Videos are priced by the second. */
export function createVideoRoutes(world: World): Hono<Env> {
  const routes = new Hono<Env>();
  const jobs = new Map<string, Job>();

  routes.post("/videos", async (c) => {
    const { request, simulation, generation: opened } = await readInference(
      world,
      c,
      videoRequest,
      "video",
    );
    const generation = { ...opened, id: opened.id.replace(/^gen-/, "gen-vid-") };
    const model = chooseModel([request.model], simulation, (model) => {
      requireOutput(model, "video");
      requireProvider(request.provider, model);
      if (request.duration && !model.durations!.includes(request.duration)) {
        const offered = model.durations!.join(", ");
        throw providerError(400, model.provider, `"duration" must be one of ${offered}`);
      }
    });
    if (request.previous_job_id && !jobs.has(request.previous_job_id)) {
      throw invalidRequest("Unknown previous_job_id");
    }
    requireCredits(world, { simulation, generation }, model, { promptTokens: 0, maxTokens: 0 });
    const seconds = request.duration ?? model.durations![0]!;
    const job = { generation, model, seconds, simulation, polls: 0, isBilled: false };
    jobs.set(generation.id, job);
    if (jobs.size > MAX_JOBS) jobs.delete(jobs.keys().next().value!);
    return c.json(toAnswer(c, job), 202);
  });

  routes.get("/videos/:id", (c) => {
    const job = requireJob(c);
    job.polls++;
    if (toStatus(job) === "completed" && !job.isBilled) {
      job.isBilled = true;
      world.ledger.settle(job.generation, { model: job.model, spending: toSpending(job) });
    }
    return c.json(toAnswer(c, job));
  });

  routes.get("/videos/:id/content", (c) => {
    const job = requireJob(c);
    const index = c.req.query("index") ?? "0";
    if (!/^\d+$/.test(index)) throw invalidRequest('Invalid "index"');
    if (toStatus(job) !== "completed") throw new Refusal(409, "The video is not completed");
    if (Number(index) > 0) throw new Refusal(404, "There is no such video");
    const size = Math.max(FILM.length, job.simulation.video_bytes ?? 0);
    return new Response(playFilm(size), {
      headers: { "Content-Type": "video/mp4", "Content-Length": String(size) },
    });
  });

  function requireJob(c: Context<Env>): Job {
    const job = jobs.get(c.req.param("id")!);
    if (job?.generation.account === c.get("account")) return job;
    throw new Refusal(404, "Job not found");
  }

  return routes;
}

function toStatus({ polls, simulation }: Job): string {
  const { video_polls = DEFAULT_POLLS, video_status = "completed" } = simulation;
  if (polls >= video_polls) return video_status;
  return polls === 0 ? "pending" : "in_progress";
}

function toSpending({ seconds, simulation: { byok } }: Job) {
  return { promptTokens: 0, completionTokens: 0, units: seconds, mediaOut: 1, byok };
}

function toAnswer(c: Context<Env>, job: Job): Record<string, unknown> {
  const { generation: { id }, simulation, model } = job;
  const status = toStatus(job);
  const url = new URL(`/api/v1/videos/${id}`, c.req.url);
  const answer = { id, polling_url: toPollingUrl(url, simulation), status };
  if (status === "completed") {
    const { cost, is_byok } = toUsage(model, toSpending(job));
    const usage = simulation.usage === "none" ? undefined : { cost, is_byok };
    return { ...answer, generation_id: id, unsigned_urls: [`${url.href}/content?index=0`], usage };
  }
  if (status === "failed") return { ...answer, error: simulation.message ?? "The provider failed" };
  return answer;
}

function toPollingUrl({ pathname, href }: URL, { polling_url }: Simulation): string {
  switch (polling_url) {
    case "absolute":
      return href;
    case "elsewhere":
      return `https://videos.example.com${pathname}`;
    default:
      return pathname;
  }
}

/** The film, followed by empty boxes that players skip. Pieces are made when they are read. */
function playFilm(size: number): ReadableStream<Uint8Array> {
  let position = 0;
  return new ReadableStream({
    pull(controller) {
      if (position >= size) return controller.close();
      const piece = new Uint8Array(Math.min(PIECE_BYTES, size - position));
      if (position < FILM.length) piece.set(FILM.subarray(position, position + piece.length));
      if (position <= FILM.length && position + piece.length > FILM.length) {
        setFreeBox(piece, FILM.length - position, size - FILM.length);
      }
      position += piece.length;
      controller.enqueue(piece);
    },
  }, { highWaterMark: 0 });
}

/** Begins a `free` box of `length` bytes; shorter ones are zeros, which players ignore. */
function setFreeBox(piece: Uint8Array, offset: number, length: number): void {
  if (length < 8 || offset + 8 > piece.length) return;
  const view = new DataView(piece.buffer);
  view.setUint32(offset, length);
  piece.set(new TextEncoder().encode("free"), offset + 4);
}

function toRow({ id, name, price, durations }: Model) {
  return {
    id,
    canonical_slug: id,
    name,
    created: 1_740_000_000,
    supported_resolutions: ["480p", "720p", "1080p"],
    supported_aspect_ratios: ["16:9", "9:16", "1:1"],
    supported_sizes: null,
    supported_durations: durations,
    supported_frame_images: ["first_frame", "last_frame"],
    generate_audio: null,
    seed: true,
    creativity: null,
    upscale_factor: null,
    pricing_skus: { duration_seconds: String((price.unit ?? 0) / NANO) },
    allowed_passthrough_parameters: [],
  };
}
