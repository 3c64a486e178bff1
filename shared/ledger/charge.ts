/** One generation as the ledger records it, and names in a form that the ledger's tables accept. */
import type { TokenUsage } from "../token_usage.ts";

/** One generation that was billed or may have been billed. */
export interface Charge {
  /** The gateway's id; null when no response named it. */
  generation_id: string | null;
  /** The model that is charged. */
  model: string;
  /** Tokens of the prompt. */
  prompt_tokens: number;
  /** Tokens of the response. */
  completion_tokens: number;
  /** USD; null when the gateway stated no cost, so that the ledger prices the parts. */
  usd: number | null;
  /** False for an estimate, which the gateway's record of the generation replaces later. */
  final: boolean;
}

/** Tokens and images that are billed at the price of one model. */
export interface Part {
  /** The models that may do it; the dearest counts. */
  models: string[];
  /** Tokens that the model reads. */
  prompt_tokens: number;
  /** Tokens that the model writes. */
  completion_tokens: number;
  /** Images in the prompt, for models that bill them by the piece. */
  images?: number;
  /** USD for the plugin that parses files, when the model does not read files itself. */
  file_usd?: number;
}

/** A charge with what the ledger needs to price it when the gateway stated no cost. */
export interface RecordedCharge extends Charge {
  /** What was used, by the model whose price counts. */
  parts?: Part[];
  /** USD for what has a fixed price, such as searches. */
  extra_usd?: number;
  /** USD per prompt token of a model that is not in the ledger's price list. */
  prompt_usd?: number;
  /** USD per completion token of such a model. */
  completion_usd?: number;
}

/** What a response states about its generation. */
export interface Answered {
  /** The gateway's id of the generation. */
  id?: string;
  /** The model that answered. */
  model?: string | null;
  /** Tokens and cost, when the response states them. */
  usage?: TokenUsage | null;
}

const MAX_NAME_CHARS = 200;

/**
 * Converts a name to one that the ledger accepts: at most 200 characters, empty when `value` is not
 * a string. PostgreSQL rejects NUL and unpaired surrogates, and a rejected row would be an
 * unrecorded call.
 */
export function toLedgerName(value: unknown): string {
  if (typeof value !== "string") return "";
  return value.slice(0, MAX_NAME_CHARS).toWellFormed().replaceAll("\0", "\ufffd");
}
