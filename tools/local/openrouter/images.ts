/** `/images`: pictures without a conversation, always in base64. */
import { Hono } from "hono";
import * as z from "zod/mini";
import { IMAGE_OUTPUT_TOKENS } from "./chat/answer.ts";
import { countTokens } from "./chat/tokens.ts";
import { chooseModel, readInference, requireCredits, requireOutput } from "./inference.ts";
import { streamImages, streamsImages } from "./image_stream.ts";
import { answerJson } from "./interruption.ts";
import { toUsage } from "./ledger.ts";
import { drawPicture } from "./picture.ts";
import { providerField, requireProvider } from "./provider.ts";
import { providerError } from "./refusal.ts";
import type { Env, World } from "./world.ts";

const imageRequest = z.looseObject({
  model: z.string(),
  prompt: z.string().check(z.minLength(1)),
  n: z.nullish(z.int().check(z.gte(1), z.lte(10))),
  size: z.nullish(z.string()),
  aspect_ratio: z.nullish(z.string()),
  quality: z.nullish(z.enum(["auto", "low", "medium", "high", "xhigh", "max"])),
  output_format: z.nullish(z.enum(["png", "jpeg", "webp", "svg"])),
  output_compression: z.nullish(z.int().check(z.gte(0), z.lte(100))),
  background: z.nullish(z.enum(["auto", "transparent", "opaque"])),
  input_references: z.nullish(
    z.array(z.looseObject({
      type: z.literal("image_url"),
      image_url: z.looseObject({ url: z.string() }),
    })).check(z.maxLength(16)),
  ),
  stream: z.nullish(z.boolean()),
  partial_images: z.nullish(z.int().check(z.gte(0), z.lte(3))),
  provider: providerField,
});

/** Creates the image routes. Pictures are always PNG, and `media_type` says so. */
export function createImageRoutes(world: World): Hono<Env> {
  const routes = new Hono<Env>();

  routes.post("/images", async (c) => {
    const { request, simulation, generation } = await readInference(
      world,
      c,
      imageRequest,
      "image",
    );
    const count = request.n ?? 1;
    const model = chooseModel([request.model], simulation, (model) => {
      requireOutput(model, "image");
      requireProvider(request.provider, model);
      if (count > model.maxImages!) {
        throw providerError(400, model.provider, `"n" must be at most ${model.maxImages}`);
      }
    });
    const promptTokens = countTokens(request.prompt);
    const imageTokens = count * IMAGE_OUTPUT_TOKENS;
    requireCredits(world, { simulation, generation }, model, {
      promptTokens,
      maxTokens: imageTokens,
    });

    const references = request.input_references ?? [];
    const data = Array.from({ length: count }, (_, i) => {
      const picture = drawPicture(i === 0 ? request.prompt : `${request.prompt} ${i + 1}`, {
        aspectRatio: request.aspect_ratio ?? request.size ?? undefined,
        leastBytes: simulation.image_bytes,
      });
      return { b64_json: picture.toBase64(), media_type: "image/png" };
    });
    const spending = {
      promptTokens,
      completionTokens: imageTokens,
      imageTokens,
      mediaIn: references.length,
      mediaOut: count,
      byok: simulation.byok,
    };
    const created = Math.floor(generation.createdAt / 1_000);
    const usage = toUsage(model, spending);
    if (request.stream && streamsImages(model)) {
      const { id } = generation;
      const { chunkDelayMs } = world;
      const previews = request.partial_images ?? 2;
      const stream = { data, previews, created, usage, id, simulation, chunkDelayMs };
      return streamImages({
        ...stream,
        received: c.env.received,
        onEnd: (isWhole) =>
          world.ledger.settle(generation, {
            model,
            spending: isWhole ? spending : { promptTokens: 0, completionTokens: 0 },
            cancelled: !isWhole,
          }),
      });
    }
    world.ledger.settle(generation, { model, spending });
    return answerJson(c, { created, data, usage }, simulation, generation.id);
  });

  return routes;
}
