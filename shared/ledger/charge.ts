/** One generation as the ledger records it, and names in a form that the ledger's tables accept. */
import type { TokenUsage } from "../token_usage.ts";

/** One generation that was billed or may have been billed. */
export interface Charge {
  generation_id: string | null;
  model: string;
  prompt_tokens: number;
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
  prompt_tokens: number;
  completion_tokens: number;
  /** Images in the prompt, for models that bill them by the piece. */
  images?: number;
  /** USD for the plugin that parses files, when the model does not read files itself. */
  file_usd?: number;
}

/** A charge with what the ledger needs to price it when the gateway stated no cost. */
export interface RecordedCharge extends Charge {
  parts?: Part[];
  extra_usd?: number;
  prompt_usd?: number;
  completion_usd?: number;
}

/** What a response states about its generation. */
export interface Answered {
  id?: string;
  model?: string | null;
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
