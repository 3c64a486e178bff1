/** The AI gateways by their names, and the choice among them. */
import { perSettings, type Settings } from "../settings.ts";
import type { Gateway } from "./interface.ts";
import { createOpenRouter } from "./openrouter.ts";
import { createPinata } from "./pinata.ts";
import { createPinme } from "./pinme.ts";

const GATEWAYS: Record<Settings["AI_GATEWAY"], (settings: Settings, caller?: Headers) => Gateway> =
  {
    openrouter: createOpenRouter,
    pinata: createPinata,
    pinme: createPinme,
  };

/**
 * The gateway that `AI_GATEWAY` names.
 *
 * @param caller the headers of the caller's request, which may name the app; see `createOpenRouter`.
 * @throws {ApiError} 500 `INTERNAL_ERROR` when `AI_GATEWAY` is not a known gateway.
 */
export function chooseGateway(settings: Settings, caller?: Headers): Gateway {
  // Deno reads one header without the others, but builds the whole list for `has`.
  const namesApp = caller?.get("HTTP-Referer") || caller?.get("X-Title");
  return namesApp ? createGateway(settings, caller) : gatewayOf(settings);
}

const gatewayOf = perSettings((settings) => createGateway(settings));

function createGateway(settings: Settings, caller?: Headers): Gateway {
  return GATEWAYS[settings.AI_GATEWAY](settings, caller);
}
