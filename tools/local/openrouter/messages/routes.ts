/** `/messages`, whole and streamed: Anthropic's API for the same models. */
import { Hono } from "hono";
import { toStreamSteps } from "../chat/stream.ts";
import { takeTurn } from "../chat/turn.ts";
import { createError } from "../faults.ts";
import { readInference } from "../inference.ts";
import { answerJson } from "../interruption.ts";
import { Refusal } from "../refusal.ts";
import type { Env, World } from "../world.ts";
import { toEvents } from "./events.ts";
import { messagesRefusalResponse, toErrorBody, toMessage } from "./message.ts";
import { messagesRequest, toChatRequest } from "./request.ts";

/** Creates the route of messages. */
export function createMessagesRoutes(world: World): Hono<Env> {
  const routes = new Hono<Env>();

  routes.post("/messages", async (c) => {
    const inference = await readInference(world, c, messagesRequest, "completions");
    const { request, simulation, generation } = inference;
    const turn = takeTurn(world, { ...inference, request: toChatRequest(request) });
    const message = toMessage(turn.answer, generation, simulation);

    if (!request.stream) {
      turn.settle();
      return answerJson(c, message, simulation, generation.id);
    }

    const { done = false } = simulation; // Anthropic's streams end without it
    const steps = toStreamSteps(toEvents(message, turn.answer), { ...simulation, done }, {
      chunkDelayMs: world.chunkDelayMs,
      failure: toErrorBody(createError(simulation), generation.id),
      toWire: (event) => event,
      namesEvents: true,
    });
    return turn.play(steps, c.env.received);
  });

  routes.onError((error) => {
    if (!(error instanceof Refusal)) throw error;
    return messagesRefusalResponse(error);
  });

  return routes;
}
