/** What every inference route does before it answers: read, check, wait, fail if asked to. */
import type { Context } from "hono";
import type { ZodMiniType } from "zod/mini";
import { requireNoFault } from "./faults.ts";
import { type ApiType, type Generation, toAffordableTokens, toHighestCost } from "./ledger.ts";
import { findModel, type Model } from "./models.ts";
import { pause } from "./pause.ts";
import { invalidRequest, noEndpoints, Refusal } from "./refusal.ts";
import type { Simulation } from "./simulation.ts";
import type { Env, World } from "./world.ts";

/** A request that may be answered. */
export interface Inference<T> {
  request: T;
  simulation: Simulation;
  generation: Generation;
}

/**
 * Reads and checks a request, and lets it wait and fail as it asks for.
 *
 * @throws {Refusal} 400 for a body that is no JSON object or not what `schema` says, or as asked.
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
    if (signal.aborted) received.settle(true); // what is not streamed is finished, and billed
  }

  const { success, error } = schema.safeParse(body);
  if (!success) {
    const [{ path, message }] = error.issues;
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

/** A demand that a model must meet, or be passed over. */
type Demand = (model: Model) => void;

/**
 * Chooses the model that answers: the first of those named that is up and meets the demand.
 *
 * @throws {Refusal} 400 for a name that is no model's; what the first model failed by, when none is
 *   left.
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

/** Refuses a model that does not make what the route is for. */
export function requireOutput(model: Model, modality: string): void {
  if (!model.output.includes(modality)) {
    throw noEndpoints(`No endpoints found that support the requested output modality: ${modality}`);
  }
}

/**
 * Refuses what the account could not pay for in the worst case.
 *
 * @param maxTokens the most that may be answered; the model's maximum where nothing is said.
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
