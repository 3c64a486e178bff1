/** Which models of the catalogue a caller asks for, and in which order. */
import * as z from "zod/mini";
import { nonEmptyText } from "../../shared/request/text_fields.ts";
import type { ModelEntry } from "./entry.ts";

/** The query of the list. */
export const modelsQuery = z.strictObject({
  /** What the models generate: `text`, `image`, `speech`, `embeddings` and so on. */
  modality: z.optional(nonEmptyText),
  /** Words that id or name contain, in any letter case. */
  q: z.optional(z.string().check(z.maxLength(200))),
  /** Whether text costs nothing. */
  free: z.optional(z.enum(["true", "false"])),
  /** By name, by price or by age with the newest first, or by context with the longest first. */
  sort: z.optional(z.enum(["name", "price", "context", "newest"])),
  /** Request fields that the models support, separated by commas. */
  supported_parameters: z.optional(nonEmptyText),
});

/** A checked query. */
export type ModelsQuery = z.infer<typeof modelsQuery>;

const ORDERS: Record<
  NonNullable<ModelsQuery["sort"]>,
  (a: ModelEntry, b: ModelEntry) => number
> = {
  name: (a, b) => a.name.localeCompare(b.name),
  price: (a, b) => compare(toPrice(a), toPrice(b)),
  context: (a, b) => compare(b.context_length ?? 0, a.context_length ?? 0),
  newest: (a, b) => compare(b.created ?? 0, a.created ?? 0),
};

/** Selects and sorts models; without `sort` they keep the order of the gateway. */
export function selectModels(models: ModelEntry[], query: ModelsQuery): ModelEntry[] {
  const { modality, q = "", free, sort, supported_parameters = "" } = query;
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const parameters = supported_parameters.split(",").map((name) => name.trim()).filter(Boolean);
  const selected = models.filter((model) => {
    const text = `${model.id} ${model.name}`.toLowerCase();
    return (modality === undefined || model.output_modalities.includes(modality)) &&
      words.every((word) => text.includes(word)) &&
      (free === undefined || model.free === (free === "true")) &&
      parameters.every((name) => model.supported_parameters.includes(name));
  });
  return sort ? selected.sort(ORDERS[sort]) : selected;
}

/** Prompt and completion together; an unknown price comes last. */
function toPrice({ prices: { prompt, completion } }: ModelEntry): number {
  return prompt === null || completion === null ? Infinity : prompt + completion;
}

/** The difference of two infinite numbers would be NaN. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
