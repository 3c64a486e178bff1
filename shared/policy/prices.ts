/** The policy for prices: the ceilings of the settings become OpenRouter's `provider.max_price`. */
import { invalidInput } from "../errors.ts";
import { type Fields, toFields } from "../fields.ts";
import { chooseGateway } from "../gateway/gateway.ts";
import type { Settings } from "../settings.ts";

/** Operations whose `provider` takes a `max_price`. */
const PRICED_PATHS = new Set([
  "/chat/completions",
  "/completions",
  "/messages",
  "/responses",
  "/embeddings",
]);
/** A decimal without sign and exponent, so that every JSON and number parser reads it alike. */
const AMOUNT = /^(\d+(\.\d+)?|\.\d+)$/;

/**
 * Adds the price ceilings to a request. A lower ceiling of the caller's stays.
 *
 * @param path the operation, such as `/chat/completions`.
 * @returns the request, with `provider.max_price` where a ceiling is set and the operation takes it.
 * @throws {ApiError} 400 `INVALID_INPUT` that names the field, for a price that is not a number and
 *   for options that multiply the price.
 */
export function applyPriceCeiling(path: string, fields: Fields, settings: Settings): Fields {
  const ceilings = {
    prompt: settings.MAX_PROMPT_USD_PER_MILLION,
    completion: settings.MAX_COMPLETION_USD_PER_MILLION,
  };
  if (ceilings.prompt === undefined && ceilings.completion === undefined) return fields;
  requireUsualSpeed(fields);
  if (!PRICED_PATHS.has(path) || !chooseGateway(settings).supports("provider")) return fields;
  const provider = toFields(fields.provider, "provider");
  const max_price = { ...toFields(provider.max_price, "provider.max_price") };
  for (const [kind, ceiling] of Object.entries(ceilings)) {
    if (ceiling === undefined) continue;
    const own = max_price[kind] ?? ceiling;
    if (typeof own === "object" || !AMOUNT.test(String(own))) {
      throw invalidInput(
        `"provider.max_price.${kind}" must be USD per million tokens, such as 0.5`,
      );
    }
    max_price[kind] = String(Math.min(Number(own), ceiling));
  }
  return { ...fields, provider: { ...provider, max_price } };
}

/** Rejects faster service: it costs a multiple of the price that a ceiling is compared with. */
function requireUsualSpeed({ service_tier, speed }: Fields): void {
  if (!["auto", "default", "flex"].includes((service_tier ?? "auto") as string)) {
    throw invalidInput('"service_tier" must be "auto", "default" or "flex"');
  }
  // A number is the tempo of generated speech.
  if (typeof speed !== "number" && (speed ?? "standard") !== "standard") {
    throw invalidInput('"speed" must be "standard"');
  }
}
