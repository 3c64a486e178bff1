/** The catalogue of models, as methods. */
import type { CallOptions } from "./connection.ts";
import type { ModelEntry, ModelsAnswer } from "./contract.ts";

/** Which models to list, and in which order. */
export interface ModelFilters {
  /** What the models generate, such as `text`, `image`, `speech` or `embeddings`. */
  modality?: string | undefined;
  /** Words that id or name contain, in any letter case. */
  q?: string | undefined;
  /** Whether text costs nothing. */
  free?: boolean | undefined;
  /** By name, by price, or by age with the newest first, or by context with the longest first. */
  sort?: "name" | "price" | "context" | "newest" | undefined;
  /** Request fields that the models support, such as `tools`. */
  supported_parameters?: readonly string[] | undefined;
}

/** The methods of the client for models. */
export interface MediaClient {
  /**
   * Lists the models that the app allows, with prices and abilities.
   *
   * @example
   * ```ts
   * const { models } = await ai.models({ modality: "text", sort: "price" });
   * for (const { name, prices } of models) console.log(`${name}: ${prices.prompt} USD`);
   * ```
   */
  models(filters?: ModelFilters, options?: CallOptions): Promise<ModelsAnswer>;
  /**
   * Reads one model.
   *
   * @param id such as `openai/gpt-4o-mini`.
   *
   * @example
   * ```ts
   * const { context_length } = await ai.model("openai/gpt-4o-mini");
   * ```
   */
  model(id: string, options?: CallOptions): Promise<ModelEntry>;
}

/** The `call` method of the client. */
export type CallJson = <Answer>(
  slug: string,
  body?: unknown,
  options?: CallOptions,
) => Promise<Answer>;

/** Creates the methods. The query names the model, as not every platform routes sub-paths. */
export function createMedia(call: CallJson): MediaClient {
  const read = <Answer>(query: object, options?: CallOptions) => {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(given.map(([name, value]) => [name, `${value}`]));
    return call<Answer>(`models?${search}`, undefined, options);
  };
  return {
    models: (filters = {}, options) => read(filters, options),
    model: (id, options) => read({ route: id }, options),
  };
}
