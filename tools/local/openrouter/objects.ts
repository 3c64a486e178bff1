/** `/objects/generations`: 3D objects as OpenRouter's old API had them. The real one may be gone. */
import { Hono } from "hono";
import * as z from "zod/mini";
import { countTokens } from "./chat/tokens.ts";
import { chooseModel, readInference, requireCredits, requireOutput } from "./inference.ts";
import { answerJson } from "./interruption.ts";
import type { Env, World } from "./world.ts";

const objectRequest = z.looseObject({
  model: z.nullish(z.string()),
  prompt: z.string().check(z.minLength(1)),
  num_inference_steps: z.nullish(z.int()),
  num_outputs: z.nullish(z.int().check(z.gte(1), z.lte(10))),
  extension: z.nullish(z.string()),
});

/** A triangle. */
const PLY = `ply
format ascii 1.0
element vertex 3
property float x
property float y
property float z
element face 1
property list uchar int vertex_indices
end_header
0 0 0
1 0 0
0 1 0
3 0 1 2
`;

/** Creates the route. Every object is a triangle. */
export function createObjectRoutes(world: World): Hono<Env> {
  const routes = new Hono<Env>();

  routes.post("/objects/generations", async (c) => {
    const { request, simulation, generation } = await readInference(world, c, objectRequest, "3d");
    const model = chooseModel([request.model ?? "openai/shap-e"], simulation, (model) => {
      requireOutput(model, "3d");
    });
    const units = request.num_outputs ?? 1;
    const promptTokens = countTokens(request.prompt);
    requireCredits(world, { simulation, generation }, model, { promptTokens, maxTokens: 0 });
    const spending = { promptTokens, completionTokens: 0, units, mediaOut: units };
    world.ledger.settle(generation, { model, spending });
    const generations = Array.from({ length: units }, () => ({ uri: btoa(PLY) }));
    return answerJson(c, { generations }, simulation, generation.id);
  });

  return routes;
}
