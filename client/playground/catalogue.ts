/** The models to choose from, with their prices. */
import { readAiError } from "../ai_error.ts";
import type { Session } from "./session.ts";

/** One model. */
export interface ModelEntry {
  id: string;
  name: string;
  /** Such as `$0.15 in · $0.60 out / M tokens`; empty when the price is unknown. */
  price: string;
  input: string[];
  output: string[];
  /** The text to search: id and name in lower case. */
  words: string;
}

/** Reads the catalogue. */
export async function readCatalogue(session: Session): Promise<ModelEntry[]> {
  const response = await session.fetch("/v1/models");
  if (!response.ok) throw await readAiError(response);
  const { data } = await response.json();
  return (Array.isArray(data) ? data : []).map(toEntry);
}

// deno-lint-ignore no-explicit-any
function toEntry({ id, name = id, pricing, architecture }: any): ModelEntry {
  const price = [toPrice(pricing?.prompt, "in"), toPrice(pricing?.completion, "out")]
    .filter(Boolean).join(" · ");
  return {
    id,
    name,
    price: price.includes("$") ? `${price} / M tokens` : price,
    input: architecture?.input_modalities ?? [],
    output: architecture?.output_modalities ?? ["text"],
    words: `${id} ${name}`.toLowerCase(),
  };
}

/** Prices are per token. A negative price is unknown beforehand. */
function toPrice(perToken: unknown, direction: string): string {
  const usd = Number(perToken ?? NaN) * 1e6;
  if (!(usd >= 0)) return "";
  return usd === 0 ? `free ${direction}` : `$${toShort(usd)} ${direction}`;
}

function toShort(usd: number): string {
  return usd >= 0.1 ? usd.toFixed(2) : usd.toPrecision(2);
}
