/** What a simulated model is. */

/** Prices in whole nano-dollars, so that sums stay exact: 150 per token is $0.15 per million. */
export interface Price {
  prompt: number;
  completion: number;
  /** Per token of a generated image. */
  image?: number;
  /** Per search of a reranker, second of a recording or of a video, or 3D object. */
  unit?: number;
}

/** A model and the one provider that serves it. */
export interface Model {
  id: string;
  name: string;
  provider: string;
  /** The context window and the highest output limit, in tokens. */
  context: number;
  maxOutput: number;
  input: string[];
  output: string[];
  price: Price;
  /** Supported request fields, by OpenRouter's names. */
  parameters: string[];
  reasoning?: { mandatory: boolean };
  /** The values of `voice`. */
  voices?: string[];
  embedding?: { dimensions: number; flexible: boolean; floatsOnly?: boolean };
  /** How many images one request may ask for. */
  maxImages?: number;
  /** The lengths of videos, in seconds; the first is the default. */
  durations?: number[];
  /** Whether the variant `:free` exists. */
  free?: boolean;
  /** Whether it chooses among other models, so that its price is not known beforehand. */
  router?: boolean;
}
