/** The deprecated catalogue of models: one flat list with prices per million tokens. */
import type { AIModelSchema } from "@insforge/shared-schemas";
import type { Call } from "../../shared/http/call.ts";
import { ApiError } from "../../shared/errors.ts";
import type { Evidence } from "../../shared/gateway/failures.ts";
import { chooseGateway } from "../../shared/gateway/gateway.ts";
import { isAllowedModel } from "../../shared/policy/models.ts";
import { requestLenient } from "./lenient.ts";
import { toModels } from "./model_entries.ts";

const FRESH_MS = 60 * 60 * 1_000;
const PAUSE_MS = 5_000;

/** The cached models of a gateway. It only saves calls: an empty cache is correct, too. */
interface Catalogue {
  models?: AIModelSchema[];
  /**
   * Epoch milliseconds until which no request is sent: the models are fresh, or the gateway has
   * failed.
   */
  until: number;
}

const catalogues = new Map<string, Catalogue>();

/**
 * Lists the allowed models that have input and output modalities, those of OpenAI, Anthropic,
 * Google and Amazon first. The list is cached for an hour. When the gateway fails, an older list is
 * served, and the next request is sent 5 s later.
 *
 * @throws {ApiError} 503 `AI_UPSTREAM_UNAVAILABLE` when there is no list to serve.
 */
export async function listLegacyModels(call: Call): Promise<AIModelSchema[]> {
  const allowed = call.settings.ALLOWED_MODELS;
  return (await readCatalogue(call)).filter(({ id }) => isAllowedModel(id, allowed));
}

async function readCatalogue(call: Call): Promise<AIModelSchema[]> {
  const gateway = chooseGateway(call.settings).url;
  const { models: known, until } = catalogues.get(gateway) ?? { until: 0 };
  if (Date.now() < until) {
    if (known) return known;
    throw unavailable();
  }
  try {
    const models = toModels(await requestLenient(call, "/models?output_modalities=all"));
    catalogues.set(gateway, { models, until: Date.now() + FRESH_MS });
    return models;
  } catch (thrown) {
    const failure = toFailure(thrown);
    catalogues.set(gateway, { models: known, until: Date.now() + PAUSE_MS });
    if (known) return known;
    throw failure;
  }
}

/**
 * Converts a failure of the gateway, or a list of an unknown shape; other errors are thrown again.
 */
function toFailure(thrown: unknown): ApiError {
  if (!(thrown instanceof ApiError)) return unavailable();
  const isEvidence = Object(thrown.cause as Partial<Evidence>).status !== undefined;
  if (!isEvidence && thrown.code !== "AI_UPSTREAM_UNAVAILABLE") throw thrown;
  return unavailable();
}

function unavailable(): ApiError {
  const message = "Upstream AI models catalog is temporarily unavailable.";
  return new ApiError(503, "AI_UPSTREAM_UNAVAILABLE", message);
}
