/** `/chat/completions`, whole and streamed. */
import { Hono } from "hono";
import { readInference } from "../inference.ts";
import { answerJson } from "../interruption.ts";
import type { Env, World } from "../world.ts";
import { toChunks, toDebugChunk, toErrorChunk } from "./chunks.ts";
import { toCompletion } from "./completion.ts";
import { chatRequest } from "./request.ts";
import { toStreamSteps } from "./stream.ts";
import { takeTurn } from "./turn.ts";

/** Creates the chat routes. */
export function createChatRoutes(world: World): Hono<Env> {
  const routes = new Hono<Env>();
  const { chunkDelayMs, toWire = (body) => body } = world;

  routes.post("/chat/completions", async (c) => {
    const inference = await readInference(world, c, chatRequest, "completions");
    const { request, simulation, generation } = inference;
    const turn = takeTurn(world, inference);
    const { answer, echo } = turn;

    const isStream = simulation.form ? simulation.form === "sse" : request.stream;
    if (!isStream) {
      const completion = toWire(toCompletion(answer, generation, simulation));
      turn.settle();
      return answerJson(c, completion, simulation, generation.id);
    }

    const chunks = toChunks(answer, generation, simulation);
    if (echo) chunks.unshift(toDebugChunk(chunks[0]!, echo));
    const failure = toErrorChunk(answer, generation, simulation);
    const steps = toStreamSteps(chunks, simulation, { chunkDelayMs, failure, toWire });
    return turn.play(steps, c.env.received);
  });

  return routes;
}
