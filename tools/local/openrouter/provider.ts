/** The field `provider` of a request: allowed providers and prices. Each model has one provider. */
import * as z from "zod/mini";
import type { Model } from "./model.ts";
import { noEndpoints } from "./refusal.ts";

const names = z.nullish(z.array(z.string()));
const usdPerMillion = z.nullish(z.union([z.string(), z.number()]));

/** The field in a body. Other keys are ignored. */
export const providerField = z.nullish(z.looseObject({
  order: names,
  only: names,
  ignore: names,
  allow_fallbacks: z.nullish(z.boolean()),
  require_parameters: z.nullish(z.boolean()),
  max_price: z.nullish(z.looseObject({ prompt: usdPerMillion, completion: usdPerMillion })),
}));

/** Refuses a model when the request excludes its provider or its price. @throws {Refusal} 404 */
export function requireProvider(provider: z.infer<typeof providerField>, model: Model): void {
  const { order, only, ignore, allow_fallbacks, max_price } = provider ?? {};
  const slug = model.provider.toLowerCase().replaceAll(" ", "-");
  const has = (list: string[]) => list.some((name) => name.toLowerCase().split("/")[0] === slug);
  const allowed = [only, allow_fallbacks === false ? order : undefined];
  if (allowed.some((list) => list?.length && !has(list))) {
    throw noEndpoints("No allowed providers are available for the selected model.");
  }
  if (ignore && has(ignore)) throw noEndpoints("All providers have been ignored.");
  for (const kind of ["prompt", "completion"] as const) {
    // The request has USD per million tokens, the model nano-dollars per token.
    const ceiling = Number(max_price?.[kind] ?? Infinity) * 1_000;
    if (model.price[kind] > ceiling) throw noEndpoints(`No endpoints found for ${model.id}.`);
  }
}
