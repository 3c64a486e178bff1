/** `/rerank`: documents in the order of their similarity to the query. */
import { Hono } from "hono";
import * as z from "zod/mini";
import { countTokens } from "./chat/tokens.ts";
import { chooseModel, readInference, requireCredits, requireOutput } from "./inference.ts";
import { answerJson } from "./interruption.ts";
import { toUsage } from "./ledger.ts";
import { providerField, requireProvider } from "./provider.ts";
import { createVector } from "./vectors.ts";
import type { Env, World } from "./world.ts";

const DIMENSIONS = 512;
const DOCUMENTS_PER_SEARCH = 100;

const document = z.union([z.string(), z.looseObject({ text: z.optional(z.string()) })]);

const rerankRequest = z.looseObject({
  model: z.string(),
  query: z.string().check(z.minLength(1)),
  documents: z.array(document).check(z.minLength(1)),
  top_n: z.nullish(z.int().check(z.gte(1))),
  provider: providerField,
});

/** Creates the route. A search costs the same for 1 to 100 documents. */
export function createRerankRoutes(world: World): Hono<Env> {
  const routes = new Hono<Env>();

  routes.post("/rerank", async (c) => {
    const { request, simulation, generation } = await readInference(
      world,
      c,
      rerankRequest,
      "rerank",
    );
    const model = chooseModel([request.model], simulation, (model) => {
      requireOutput(model, "rerank");
      requireProvider(request.provider, model);
    });
    const documents = request.documents.map((one) => typeof one === "string" ? { text: one } : one);
    const texts = documents.map(({ text = "" }) => text);
    const promptTokens = [request.query, ...texts].reduce(
      (sum, text) => sum + countTokens(text),
      0,
    );
    const units = Math.ceil(documents.length / DOCUMENTS_PER_SEARCH);
    requireCredits(world, { simulation, generation }, model, { promptTokens, maxTokens: 0 });

    const toVector = (text: string) =>
      createVector(text, { model: model.id, dimensions: DIMENSIONS });
    const query = toVector(request.query);
    const results = documents.map((document, index) => ({
      index,
      relevance_score: Math.max(0, multiply(query, toVector(texts[index]!))),
      document,
    })).sort((a, b) => b.relevance_score - a.relevance_score);
    const spending = { promptTokens, completionTokens: 0, units, byok: simulation.byok };
    world.ledger.settle(generation, { model, spending });
    const { cost, is_byok, cost_details } = toUsage(model, spending);
    const body = {
      id: generation.id,
      model: model.id,
      provider: model.provider,
      results: results.slice(0, request.top_n ?? undefined),
      usage: { search_units: units, total_tokens: promptTokens, cost, is_byok, cost_details },
    };
    return answerJson(c, body, simulation, generation.id);
  });

  return routes;
}

function multiply(a: number[], b: number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}
