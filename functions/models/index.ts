/**
 * Lists the models that the app allows, with prices and abilities.
 * https://openrouter.ai/docs/api-reference/list-available-models
 */
import { requireUser } from "../../shared/auth/user_token.ts";
import { ApiError } from "../../shared/errors.ts";
import { createApp } from "../../shared/http/app.ts";
import { parseValue } from "../../shared/http/body.ts";
import type { Call } from "../../shared/http/call.ts";
import { listModels } from "../../shared/openrouter/models.ts";
import { isAllowedModel } from "../../shared/policy/models.ts";
import { type ModelEntry, toModelEntry } from "./entry.ts";
import { modelsQuery, selectModels } from "./filters.ts";

/** The response. */
export interface ModelsAnswer {
  /** The models that the query selects. */
  models: ModelEntry[];
}

const { app, handler } = createApp("models");
export default handler;

app.get("/", async ({ env: call }) => {
  await requireUser(call);
  const { route: _, ...query } = Object.fromEntries(new URL(call.request.url).searchParams);
  const checked = parseValue(query, modelsQuery);
  const answer: ModelsAnswer = { models: selectModels(await readAllowedModels(call), checked) };
  return Response.json(answer);
});

app.get("/:id{.+}", async (c) => {
  await requireUser(c.env);
  const id = c.req.param("id");
  const model = (await readAllowedModels(c.env)).find((model) => model.id === id);
  if (!model) throw new ApiError(404, "AI_INVALID_MODEL", `There is no model "${id}"`);
  return Response.json(model);
});

async function readAllowedModels(call: Call): Promise<ModelEntry[]> {
  const { data } = await listModels(call);
  const allowed = call.settings.ALLOWED_MODELS;
  return data.filter(({ id }) => isAllowedModel(id, allowed)).map(toModelEntry);
}
