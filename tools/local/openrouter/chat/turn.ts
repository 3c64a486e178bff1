/** One turn of a conversation, for all APIs: the model, the answer and the cost. */
import { chooseModel, type Inference, listNamed, requireCredits } from "../inference.ts";
import { toCancelledSpending } from "../ledger.ts";
import type { Model } from "../model.ts";
import { playSteps, type Step } from "../playback.ts";
import type { Received } from "../received.ts";
import type { World } from "../world.ts";
import { type Answer, createAnswer } from "./answer.ts";
import {
  type ChatRequest,
  countPromptTokens,
  readMaxTokens,
  requireConsistent,
  requireFit,
} from "./request.ts";

/** An answer that is not delivered yet. */
export interface Turn {
  answer: Answer;
  /** The request to the provider, if it was requested. */
  echo?: Record<string, unknown>;
  /** Bills the whole answer, when it is not streamed. */
  settle(): void;
  /** Delivers the answer as a stream, and bills it at the end. */
  play(steps: Step[], received: Received): Response;
}

/**
 * Answers a request.
 *
 * @throws {Refusal} 400 for a request that contradicts itself, 402 when the credits do not suffice, 404
 *   and others when no named model can serve it.
 */
export function takeTurn(world: World, inference: Inference<ChatRequest>): Turn {
  const { request, simulation, generation } = inference;
  requireConsistent(request);
  const model = chooseModel(listNamed(request), simulation, (model) => requireFit(request, model));
  requireCredits(world, inference, model, {
    promptTokens: countPromptTokens(request.messages),
    maxTokens: readMaxTokens(request) ?? model.maxOutput,
  });

  const answer = createAnswer(inference, model);
  const { finishReason, nativeFinishReason, spending } = answer;
  const settlement = { model, spending, finishReason, nativeFinishReason };
  return {
    answer,
    echo: request.debug?.echo_upstream_body ? toEcho(request, model) : undefined,
    settle: () => world.ledger.settle(generation, settlement),
    play(steps, received) {
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
          "Content-Type": simulation.content_type ?? "text/event-stream",
          "Cache-Control": "no-cache",
          "X-Generation-Id": generation.id,
        },
      });
    },
  };
}

function toEcho(request: ChatRequest, model: Model): Record<string, unknown> {
  const { simulate: _, debug: __, models: ___, ...rest } = request;
  return { ...rest, model: model.id };
}
