/** `/chat/completions`, whole and streamed. */
import { Hono } from "hono";
import { chooseModel, readInference, requireCredits } from "../inference.ts";
import { answerJson } from "../interruption.ts";
import { toCancelledSpending } from "../ledger.ts";
import { playSteps } from "../playback.ts";
import type { Env, World } from "../world.ts";
import { createAnswer } from "./answer.ts";
import { toCompletion } from "./completion.ts";
import {
  chatRequest,
  countPromptTokens,
  readMaxTokens,
  requireConsistent,
  requireFit,
} from "./request.ts";
import { toStreamSteps } from "./stream.ts";

/** The chat routes. */
export function createChatRoutes(world: World): Hono<Env> {
  const routes = new Hono<Env>();
  const { toWire = (body) => body } = world;

  routes.post("/chat/completions", async (c) => {
    const { received } = c.env;
    const inference = await readInference(world, c, chatRequest, "completions");
    const { request, simulation, generation } = inference;
    requireConsistent(request);
    const names = [request.model ?? [], request.models ?? []].flat();
    const model = chooseModel(names, simulation, (model) => requireFit(request, model));
    requireCredits(world, inference, model, {
      promptTokens: countPromptTokens(request.messages),
      maxTokens: readMaxTokens(request) ?? model.maxOutput,
    });

    const answer = createAnswer(inference, model);
    const { finishReason, nativeFinishReason, spending } = answer;
    const settlement = { model, spending, finishReason, nativeFinishReason };

    if (!request.stream) {
      const completion = toWire(toCompletion(answer, generation, simulation));
      world.ledger.settle(generation, settlement);
      return answerJson(c, completion, simulation, generation.id);
    }

    const steps = toStreamSteps(answer, generation, simulation, {
      chunkDelayMs: world.chunkDelayMs,
      toWire,
      echo: request.debug?.echo_upstream_body ? toEcho(received.body, model.id) : undefined,
    });
    const body = playSteps(steps, received, ({ cancelled, tokens }) => {
      const whole = !cancelled && simulation.fail === undefined;
      world.ledger.settle(generation, {
        ...settlement,
        cancelled,
        finishReason: whole ? finishReason : null,
        spending: whole ? spending : toCancelledSpending(model, spending, tokens),
      });
    });
    return new Response(body, {
      headers: {
        "Content-Type": "text/event-stream",
        "Cache-Control": "no-cache",
        "X-Generation-Id": generation.id,
      },
    });
  });

  return routes;
}

/** The request as the provider got it. */
function toEcho(body: Record<string, unknown>, model: string): Record<string, unknown> {
  const { simulate: _, debug: __, models: ___, ...rest } = body;
  return { ...rest, model };
}
