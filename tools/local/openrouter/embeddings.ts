/** `/embeddings`. */
import { Hono } from "hono";
import * as z from "zod/mini";
import { countTokens } from "./chat/tokens.ts";
import { chooseModel, readInference, requireCredits, requireOutput } from "./inference.ts";
import { answerJson } from "./interruption.ts";
import { toUsage } from "./ledger.ts";
import type { Model } from "./model.ts";
import { providerField, requireProvider } from "./provider.ts";
import { invalidRequest, providerError } from "./refusal.ts";
import type { Simulation } from "./simulation.ts";
import { createVector } from "./vectors.ts";
import type { Env, World } from "./world.ts";

const tokenList = z.array(z.int()).check(z.minLength(1));
const parts = z.looseObject({
  content: z.array(z.looseObject({ type: z.string(), text: z.optional(z.string()) })),
});

const embeddingRequest = z.looseObject({
  model: z.string(),
  input: z.union([
    z.string(),
    tokenList,
    z.array(z.union([z.string(), tokenList, parts])).check(z.minLength(1)),
  ]),
  dimensions: z.nullish(z.int().check(z.gte(1))),
  encoding_format: z.nullish(z.enum(["float", "base64"])),
  provider: providerField,
});

type EmbeddingRequest = z.infer<typeof embeddingRequest>;

/** Creates the embedding routes. Numbers are the default; OpenAI's SDK requests base64 by itself. */
export function createEmbeddingRoutes(world: World): Hono<Env> {
  const routes = new Hono<Env>();

  routes.post("/embeddings", async (c) => {
    const { request, simulation, generation } = await readInference(
      world,
      c,
      embeddingRequest,
      "embeddings",
    );
    const texts = toTexts(request.input);
    const model = chooseModel([request.model], simulation, (model) => {
      requireOutput(model, "embeddings");
      requireProvider(request.provider, model);
      const tooLong = texts.findIndex((text) => countTokens(text) > model.context);
      if (tooLong >= 0) {
        const reason = `Input ${tooLong} exceeds the maximum of ${model.context} tokens`;
        throw providerError(400, model.provider, reason);
      }
    });
    const dimensions = toDimensions(request, model);
    const promptTokens = texts.reduce((sum, text) => sum + countTokens(text), 0);
    requireCredits(world, { simulation, generation }, model, { promptTokens, maxTokens: 0 });

    const wantsBase64 = request.encoding_format === "base64";
    const data = model.embedding!.floatsOnly && wantsBase64 ? [] : texts.map((text, index) => {
      const vector = createVector(text, { model: model.id, dimensions });
      const encoded = wantsBase64 || simulation.vectors === "base64";
      return { object: "embedding", index, embedding: encoded ? toBase64(vector) : vector };
    });
    const spending = { promptTokens, completionTokens: 0, byok: simulation.byok };
    world.ledger.settle(generation, { model, spending });
    const { id } = generation;
    const { prompt_tokens, total_tokens, cost, is_byok, cost_details } = toUsage(model, spending);
    const body = {
      id,
      object: "list",
      model: model.id,
      provider: model.provider,
      data: distort(data, simulation),
      usage: { prompt_tokens, total_tokens, cost, is_byok, cost_details },
    };
    return answerJson(c, body, simulation, id);
  });

  return routes;
}

/** Returns one text per vector. A list of tokens counts as a text. */
function toTexts(input: EmbeddingRequest["input"]): string[] {
  const single = typeof input === "string" || typeof input[0] === "number";
  const texts = (single ? [input] : input as unknown[]).map((item) => {
    if (typeof item === "string") return item;
    if (Array.isArray(item)) return item.join(" ");
    const { content } = item as z.infer<typeof parts>;
    return content.map(({ type, text = type }) => text).join("\n");
  });
  if (texts.includes("")) throw invalidRequest('Invalid "input": it must not hold empty strings');
  return texts;
}

/** Only some models make shorter vectors. The others ignore `dimensions`, as on OpenRouter. */
function toDimensions({ dimensions }: EmbeddingRequest, model: Model): number {
  const { dimensions: own, flexible } = model.embedding!;
  if (!dimensions || !flexible) return own;
  if (dimensions > own) {
    throw providerError(400, model.provider, `"dimensions" must be at most ${own}`);
  }
  return dimensions;
}

/** Encodes a vector as little-endian floats of 32 bits. */
function toBase64(vector: number[]): string {
  return new Uint8Array(Float32Array.from(vector).buffer).toBase64();
}

interface Row {
  embedding: number[] | string;
}

function distort<T extends Row>(rows: T[], { vectors }: Simulation): T[] {
  switch (vectors) {
    case "unordered":
      return rows.toReversed();
    case "empty":
      return rows.map((row) => ({ ...row, embedding: [] }));
    case "missing":
      return rows.slice(1);
    default:
      return rows;
  }
}
