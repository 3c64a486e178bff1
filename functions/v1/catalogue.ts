/** The models that an OpenAI client can use. */
import type { Call } from "../../shared/http/call.ts";
import { ApiError } from "../../shared/errors.ts";
import { chooseGateway } from "../../shared/gateway/gateway.ts";
import { isAllowedModel } from "../../shared/policy/models.ts";
import { listModels, type ModelList } from "../../shared/openrouter/models.ts";

const REMEMBERED_MS = 5 * 60_000;

/** The cached list. It only saves time: an empty cache is correct, too. */
let remembered: { list: ModelList; gateway: string; until: number } | undefined;

/** Lists the gateway's models that the project allows; the list is up to five minutes old. */
export async function readModels(call: Call): Promise<ModelList> {
  const list = await readCatalogue(call);
  const allowed = call.settings.ALLOWED_MODELS;
  return { ...list, data: list.data.filter((model) => isAllowedModel(`${model?.id}`, allowed)) };
}

async function readCatalogue(call: Call): Promise<ModelList> {
  const gateway = chooseGateway(call.settings).url;
  if (remembered?.gateway !== gateway || remembered.until < Date.now()) {
    remembered = { list: await listModels(call), gateway, until: Date.now() + REMEMBERED_MS };
  }
  return remembered.list;
}

/** One of OpenRouter's models. */
export type Model = ModelList["data"][number];

/**
 * Reads one model's entry in the list.
 *
 * @throws {ApiError} 404 `AI_INVALID_MODEL` when the list has no model with this id.
 */
export async function readModel(call: Call, id: string): Promise<Model> {
  const { data } = await readModels(call);
  const model = data.find((model) => model.id === id);
  if (!model) throw new ApiError(404, "AI_INVALID_MODEL", `There is no model "${id}"`);
  return model;
}
