/** The most that a paid call may use and cost, before it is made. */
import { listParts } from "../request/content_parts.ts";
import { readOutputLimit } from "../request/output_tokens.ts";
import type { Settings } from "../settings.ts";
import type { Fields } from "../fields.ts";
import { toLedgerName } from "./charge.ts";
import { toTokenCount } from "../token_usage.ts";

/** What a paid call asks for, as far as its cost depends on it. */
export interface PaidCall {
  /** The operation, such as `/chat/completions`. */
  path: string;
  /** Fields of the request; those that matter are its model, its limits of tokens and its files. */
  params: Fields;
  /** Bytes of the JSON that is sent. */
  bytes: number;
}

/** The most tokens that a call may use, and USD that it is assumed to cost while nothing is known. */
export interface Estimate {
  model: string;
  promptTokens: number;
  completionTokens: number;
  prices: Prices;
  usd: number;
}

/** USD per million tokens. */
export interface Prices {
  prompt: number;
  completion: number;
}

/** Of a model whose price is neither known nor capped. */
const DEFAULT_PRICES: Prices = { prompt: 3, completion: 15 };
/** JSON has about as many bytes per token; so have files, as far as anybody knows. */
export const BYTES_PER_TOKEN = 3;
const TOKENS_PER_IMAGE = 1_000;
const IMAGES = ["image_url", "input_image", "computer_screenshot"];
/** A file, sound or film behind an address or an id, which nobody here has seen. */
const TOKENS_PER_UNSEEN_FILE = 100_000;
/** What a call without a limit is assumed to write at most: an image takes thousands. */
const UNLIMITED_TOKENS = 4_096;
const INLINE_IMAGE = /^data:image\/[\w.+-]+;base64,[\w+/=-]*$/i;
const ADDRESS = /^https?:\/\//i;

const encoder = new TextEncoder();

/**
 * Estimates a call: its prompt by length, images and files elsewhere by the piece, its answer by the
 * highest of its limits of tokens, `n` times, and both at the highest prices that the settings allow.
 */
export function estimate({ path, params, bytes }: PaidCall, settings: Settings): Estimate {
  const promptTokens = countPromptTokens(params, bytes);
  const limit = toTokenCount(readOutputLimit(params));
  const completionTokens = (limit || (path === "/embeddings" ? 0 : UNLIMITED_TOKENS)) *
    Math.max(1, toTokenCount(params.n));
  const {
    MAX_PROMPT_USD_PER_MILLION: prompt = DEFAULT_PRICES.prompt,
    MAX_COMPLETION_USD_PER_MILLION: completion = DEFAULT_PRICES.completion,
  } = settings;
  const prices = { prompt, completion };
  return {
    model: toLedgerName(
      params.model ?? (Array.isArray(params.models) ? params.models[0] : undefined),
    ),
    promptTokens,
    completionTokens,
    prices,
    usd: price(promptTokens, completionTokens, prices),
  };
}

/**
 * Images are looked for where models see them. What looks like one elsewhere, as in the description
 * of a tool, is read as text.
 */
function countPromptTokens(params: Fields, bodyBytes: number): number {
  let bytes = bodyBytes;
  let tokens = 0;
  for (const { type, text: _, ...files } of listParts(params)) {
    const texts = Object.values(files).flatMap(toTexts);
    const id = files.file_id ?? Object(files.file).file_id;
    if (IMAGES.includes(String(type))) {
      tokens += TOKENS_PER_IMAGE;
      bytes -= texts.find((text) => INLINE_IMAGE.test(text))?.length ?? 0;
    } else if (id || texts.some((text) => ADDRESS.test(text))) {
      tokens += TOKENS_PER_UNSEEN_FILE;
    }
  }
  return tokens + Math.ceil(bytes / BYTES_PER_TOKEN);
}

/** A text, or those in an object: OpenAI's two APIs differ in that. */
function toTexts(value: unknown): string[] {
  const values = typeof value === "object" ? Object.values(value ?? {}) : [value];
  return values.filter((item) => typeof item === "string");
}

/** Bytes of a value as JSON, which are more than its characters in most scripts. */
export function countBytes(value: unknown): number {
  return encoder.encode(JSON.stringify(value)).length;
}

/** What tokens cost, USD. */
export function price(
  promptTokens: number,
  completionTokens: number,
  { prompt, completion }: Prices,
): number {
  return (promptTokens * prompt + completionTokens * completion) / 1e6;
}
