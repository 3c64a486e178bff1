/** The order of the checks that every paid request passes before it is sent. */
import type { Fields } from "../fields.ts";
import type { Settings } from "../settings.ts";
import { isOpen } from "./allow_list.ts";
import { requireAllowedModels, withModel } from "./models.ts";
import { applyPriceCeiling } from "./prices.ts";
import { applyOutputCap } from "./token_caps.ts";
import { boundSteps } from "./tool_bounds.ts";
import { applyToolPolicy } from "./tools.ts";

/**
 * Makes a request keep to the operator's policy: models, output limits, server tools and plugins,
 * steps, prices. The whole request is searched for models only when one of the three lists restricts it.
 *
 * @param path the operation, such as `/chat/completions`.
 * @param fields the request body; it is not changed.
 * @returns the body to send; the same object when nothing has to be added.
 * @throws {ApiError} 400 `AI_INVALID_MODEL` for a model that is not allowed and for a tool or plugin
 *   that may use such a model; 400 `INVALID_INPUT` for anything else that is not allowed. Both name
 *   the field and what is allowed. 500 `INTERNAL_ERROR` when a default model of the settings is not
 *   allowed.
 */
export function applyPolicy(path: string, fields: Fields, settings: Settings): Fields {
  const named = withModel(path, fields, settings);
  if (isRestricted(settings)) requireAllowedModels(named, settings);
  const capped = applyOutputCap(path, named, settings);
  const bounded = boundSteps(applyToolPolicy(capped, settings));
  return applyPriceCeiling(path, bounded, settings);
}

function isRestricted(
  { ALLOWED_MODELS, ALLOWED_SERVER_TOOLS, ALLOWED_PLUGINS }: Settings,
): boolean {
  return ![ALLOWED_MODELS, ALLOWED_SERVER_TOOLS, ALLOWED_PLUGINS].every(isOpen);
}
