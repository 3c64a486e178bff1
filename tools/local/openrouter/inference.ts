/** What every inference route does first: read, check, wait, and fail if requested. */
import type { Context } from "hono";
import type { ZodMiniType } from "zod/mini";
import { requireNoFault } from "./faults.ts";
import { type ApiType, type Generation, toAffordableTokens, toHighestCost } from "./ledger.ts";
import type { Model } from "./model.ts";
import { findModel } from "./models.ts";
import { pause } from "./pause.ts";
import { invalidRequest, noEndpoints, Refusal } from "./refusal.ts";
import type { Simulation } from "./simulation.ts";
import type { Env, World } from "./world.ts";

/** A valid request. */
export interface Inference<T> {
  request: T;
  simulation: Simulation;
  generation: Generation;
}

/**
 * Reads and checks a request, waits, and fails if the request asks for it.
 *
 * @throws {Refusal} 400 for a body that is not a JSON object or does not match `schema`, or the requested error.
 */
export async function readInference<T>(
  world: World,
  c: Context<Env>,
  schema: ZodMiniType<T>,
  apiType: ApiType,
): Promise<Inference<T>> {
  const { received } = c.env;
  const body = received.forwarded ?? received.body;
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw invalidRequest("Invalid JSON: the body must be an object");
  }
  const simulation = world.attempts.readSimulation(body);
  if (simulation.delay_ms) {
    const { signal } = c.req.raw;
    await pause(simulation.delay_ms, signal);
    if (signal.aborted) received.settle(true); // without a stream the answer is finished and billed
  }

  const { success, error } = schema.safeParse(body);
  if (!success) {
    const { path, message } = error.issues[0]!;
    throw invalidRequest(path.length > 0 ? `Invalid "${path.join(".")}": ${message}` : message);
  }
  const generation = world.ledger.open({
    account: c.get("account"),
    apiType,
    streamed: body.stream === true,
    origin: c.req.header("http-referer") ?? "",
  });
  requireNoFault(simulation, generation, world.now());
  return { request: body as T, simulation, generation };
}

/** Throws when a model does not meet a requirement of the request. */
type Demand = (model: Model) => void;

/** The default model in the settings of every simulated account. */
const ACCOUNT_DEFAULT = "openai/gpt-4o-mini";

/** The models that a conversation names; without any, the default of the account that pays. */
export function listNamed({ model, models }: { model?: string; models?: string[] }): string[] {
  return model === undefined && models === undefined
    ? [ACCOUNT_DEFAULT]
    : [model ?? [], models ?? []].flat();
}

/**
 * Chooses the first of the named models that is up and meets the demand.
 *
 * @throws {Refusal} 400 for an unknown model; the failure of the first model when no model is left.
 */
export function chooseModel(names: string[], { down = [] }: Simulation, demand: Demand): Model {
  if (names.length === 0) throw invalidRequest("No models provided");
  const models = names.map((name) => {
    const model = findModel(name);
    if (!model) throw invalidRequest(`${name} is not a valid model ID`);
    return model;
  });
  let first: Refusal | undefined;
  for (const model of models) {
    try {
      if (!down.includes(model.id)) {
        demand(model);
        return model;
      }
      first ??= new Refusal(502, "Provider returned error", {
        metadata: { error_type: "provider_unavailable", provider_name: model.provider },
      });
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      first ??= thrown;
    }
  }
  throw first!;
}

/** Refuses a model without the output modality of the route. */
export function requireOutput(model: Model, modality: string): void {
  if (!model.output.includes(modality)) {
    throw noEndpoints(`No endpoints found that support the requested output modality: ${modality}`);
  }
}

/**
 * Refuses a request that could cost more than the account has.
 *
 * @param maxTokens the output limit of the request, or of the model.
 * @throws {Refusal} 402.
 */
export function requireCredits(
  world: World,
  { simulation: { credits }, generation }: Pick<Inference<unknown>, "simulation" | "generation">,
  model: Model,
  { promptTokens, maxTokens }: { promptTokens: number; maxTokens: number },
): void {
  const left = credits ?? world.credits - world.ledger.bill(generation.account).total;
  if (toHighestCost(model, promptTokens, maxTokens) <= left) return;
  const affordable = toAffordableTokens(model, promptTokens, left);
  const message = affordable === 0
    ? "Insufficient credits. Add more using https://openrouter.ai/credits"
    : `This request requires more credits, or fewer max_tokens. You requested up to ${maxTokens} ` +
      `tokens, but can only afford ${affordable}. To increase, visit ` +
      "https://openrouter.ai/settings/credits and add more credits";
  throw new Refusal(402, message, {
    metadata: { provider_name: null, limit_source: "openrouter_credits" },
  });
}
