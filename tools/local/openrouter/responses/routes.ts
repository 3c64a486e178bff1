/** `/responses`, whole and streamed: OpenAI's API for the same models. Responses are not stored. */
import { Hono } from "hono";
import { toStreamSteps } from "../chat/stream.ts";
import { takeTurn } from "../chat/turn.ts";
import { readInference } from "../inference.ts";
import { answerJson } from "../interruption.ts";
import { Refusal } from "../refusal.ts";
import type { Env, World } from "../world.ts";
import { toDebugEvent, toErrorEvent, toEvents } from "./events.ts";
import { responsesRequest, toChatRequest } from "./request.ts";
import { toFailedResponse, toResponse } from "./response.ts";

/** Creates the routes of responses. */
export function createResponsesRoutes(world: World): Hono<Env> {
  const routes = new Hono<Env>();

  routes.post("/responses", async (c) => {
    const inference = await readInference(world, c, responsesRequest, "completions");
    const { request, simulation, generation } = inference;
    const turn = takeTurn(world, { ...inference, request: toChatRequest(request) });
    const response = toResponse(inference, turn.answer);

    if (!request.stream) {
      turn.settle();
      return answerJson(c, response, simulation, generation.id);
    }

    const events = toEvents(response, turn.answer, simulation);
    if (turn.echo) events.unshift(toDebugEvent(turn.echo));
    let sequence_number = 0;
    const steps = toStreamSteps(events, simulation, {
      chunkDelayMs: world.chunkDelayMs,
      failure: toErrorEvent(inference),
      toWire: (event) => ({ ...event, sequence_number: sequence_number++ }),
    });
    return turn.play(steps, c.env.received);
  });

  // An error with status 200 is a failed response.
  routes.onError((error, c) => {
    if (!(error instanceof Refusal) || error.status !== 200) throw error;
    const { message, details: { id = "", code = 502, metadata = {} } } = error;
    const { model } = c.env.received.body;
    const generation = { id, createdAt: world.now() };
    const response = toFailedResponse({ model }, generation, { code, message, metadata });
    return c.json(response, 200, { "X-Generation-Id": id });
  });

  return routes;
}
