/** `/completions`, OpenAI's first API: the answer to the prompt, as a continuation of a text. */
import { Hono } from "hono";
import * as z from "zod/mini";
import { readInference } from "../inference.ts";
import { answerJson } from "../interruption.ts";
import type { Env, World } from "../world.ts";
import { toChunks, toErrorChunk } from "./chunks.ts";
import { toCompletion } from "./completion.ts";
import type { ChatRequest } from "./request.ts";
import { toStreamSteps } from "./stream.ts";
import { takeTurn } from "./turn.ts";

const textRequest = z.looseObject({
  prompt: z.union([z.string().check(z.minLength(1)), z.array(z.string())]),
  model: z.optional(z.string()),
  models: z.optional(z.array(z.string())),
  stream: z.nullish(z.boolean()),
});

/** Creates the route. */
export function createTextRoutes(world: World): Hono<Env> {
  const routes = new Hono<Env>();

  routes.post("/completions", async (c) => {
    const inference = await readInference(world, c, textRequest, "completions");
    const { simulation, generation } = inference;
    const { prompt, ...rest } = inference.request;
    const content = [prompt].flat().join("\n");
    const request = { ...rest, messages: [{ role: "user", content }] } as ChatRequest;
    const turn = takeTurn(world, { ...inference, request });
    if (!request.stream) {
      turn.settle();
      const completion = toText(toCompletion(turn.answer, generation, simulation));
      return answerJson(c, completion, simulation, generation.id);
    }
    const steps = toStreamSteps(toChunks(turn.answer, generation, simulation), simulation, {
      chunkDelayMs: world.chunkDelayMs,
      failure: toErrorChunk(turn.answer, generation, simulation),
      toWire: toText,
    });
    return turn.play(steps, c.env.received);
  });

  return routes;
}

/** A chat completion, or a chunk of one, in the form of this API. */
function toText(body: Record<string, unknown>): Record<string, unknown> {
  const choices = (body.choices as Record<string, unknown>[] | undefined)?.map((choice) => {
    const { message, delta = message, index, finish_reason, native_finish_reason } = choice;
    const { content } = Object(delta) as { content?: unknown };
    const text = typeof content === "string" ? content : "";
    return { text, index, finish_reason, native_finish_reason, logprobs: null };
  });
  return { ...body, object: "text_completion", choices };
}
