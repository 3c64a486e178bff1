/** What a paid call may use at most, before it is made. Prices are looked up in the ledger. */
import { listParts } from "../request/content_parts.ts";
import { DEFAULT_OUTPUT_TOKENS, OUTPUT_LIMITS } from "../request/output_tokens.ts";
import type { Settings } from "../settings.ts";
import { type Fields, toText } from "../fields.ts";
import { type Part, toLedgerName } from "./charge.ts";
import { estimateMedia } from "./media_costs.ts";
import { estimateTools } from "./tool_costs.ts";
import { toTokenCount } from "../token_usage.ts";

/** What a paid call asks the gateway for, as far as its cost depends on it. */
export interface PaidCall {
  /** The operation, such as `/chat/completions`. */
  path: string;
  /** The fields of the request, after the policy was applied. */
  params: Fields;
  /** Bytes of the JSON that is sent. */
  bytes: number;
  /** USD for what is priced per piece, such as seconds of video, when the caller knows the price. */
  usd?: number;
}

/** A paid call before it is made. */
export interface Expected {
  /** The model under whose name the call is recorded; empty when the request has no model. */
  readonly model: string;
  /** The most that it may use. */
  readonly estimate: Estimate;
}

/** The most that a call may use. */
export interface Estimate {
  /** Tokens of the prompt. */
  promptTokens: number;
  /** Tokens of the response. */
  completionTokens: number;
  /** The call's own model first, then the models that its tools ask. */
  parts: Part[];
  /** USD for what has a fixed price, such as searches. */
  extraUsd: number;
  /** USD per token of models that are not in the ledger's price list. */
  fallback: { prompt_usd: number; completion_usd: number };
}

/** USD per million tokens of a model whose price is neither known nor capped. */
const DEFAULT_PRICES = { prompt: 3, completion: 15 };
/** JSON has about as many bytes per token; files are assumed to have as many. */
const BYTES_PER_TOKEN = 3;
const TOKENS_PER_IMAGE = 1_000;
/** A file, recording or video that is named by a URL or an id, and whose size is unknown. */
const TOKENS_PER_UNSEEN_FILE = 100_000;
/** OpenRouter's price for a page that `mistral-ocr` reads, USD. */
const USD_PER_PAGE = 0.002;
/** The most pages of a document that `mistral-ocr` reads. */
const MAX_PAGES = 1_000;
/** The least pages that a document counts for: a page can be a few bytes long. */
const MIN_PAGES = 100;
const BYTES_PER_PAGE = 1_000;

const IMAGES = new Set(["image_url", "input_image", "computer_screenshot", "image"]);
const DOCUMENTS = new Set(["file", "input_file", "document"]);
const RECORDINGS = new Set(["input_audio", "video_url", "input_video"]);
const INLINE_IMAGE = /^data:image\/[\w.+-]+;base64,[\w+/=-]*$/i;
const INLINE_OTHER_THAN_PDF = /^data:(?!application\/(pdf|octet-stream))/i;
const HTTP_URL = /^https?:\/\//i;

/**
 * Describes a paid call. Its estimate is made when it is read for the first time: most calls need none,
 * because no limit is set and their response states the usage.
 */
export function expect(paid: PaidCall, settings: Settings): Expected {
  return new LazyExpected(paid, settings);
}

class LazyExpected implements Expected {
  #estimate: Estimate | undefined;

  constructor(readonly paid: PaidCall, readonly settings: Settings) {}

  get model(): string {
    return toLedgerNames(this.paid.params)[0] ?? "";
  }

  get estimate(): Estimate {
    return this.#estimate ??= estimate(this.paid, this.settings);
  }
}

/**
 * Estimates the most that a call may use: the prompt by its length, images and files by their number,
 * the response by the highest of its output limits, once per choice, and what its tools and plugins add.
 */
export function estimate({ path, params, bytes, usd }: PaidCall, settings: Settings): Estimate {
  const media = estimateMedia(path, params, bytes);
  const content = media
    ? { tokens: media.promptTokens, images: 0, pages: 0 }
    : countContent(params, bytes);
  const limit = Math.max(...OUTPUT_LIMITS.map((name) => toTokenCount(params[name])));
  const choices = Math.max(1, toTokenCount(params.n), toTokenCount(params.best_of));
  // Products of counts may be more than the ledger's tables hold.
  const completionTokens = media?.completionTokens ?? toTokenCount(
    (limit || (path === "/embeddings" ? 0 : DEFAULT_OUTPUT_TOKENS)) * choices,
  );
  const models = toLedgerNames(params);
  const tools = estimateTools(params, content.tokens);
  const own: Part = {
    models: models.length > 0 ? models : [""],
    prompt_tokens: toTokenCount(content.tokens * tools.turns + tools.promptTokens),
    completion_tokens: completionTokens,
    images: content.images * tools.turns,
    file_usd: content.pages * USD_PER_PAGE,
  };
  const {
    MAX_PROMPT_USD_PER_MILLION: prompt = DEFAULT_PRICES.prompt,
    MAX_COMPLETION_USD_PER_MILLION: completion = DEFAULT_PRICES.completion,
  } = settings;
  return {
    promptTokens: own.prompt_tokens,
    completionTokens,
    parts: [own, ...tools.parts],
    extraUsd: tools.usd + (usd ?? media?.usd ?? 0),
    fallback: { prompt_usd: prompt / 1e6, completion_usd: completion / 1e6 },
  };
}

/** The model of a request and its fallbacks. */
function toLedgerNames({ model, models }: Fields): string[] {
  return [model, models].flat().map(toLedgerName).filter(Boolean);
}

/** What a model reads, and the pages that a plugin may have to read for it. */
interface Content {
  tokens: number;
  images: number;
  pages: number;
}

/**
 * Counts content by the type of each part. Text that looks like an image, for example in the
 * description of a tool, is text.
 */
function countContent(params: Fields, bodyBytes: number): Content {
  const content: Content = { tokens: 0, images: 0, pages: 0 };
  const mayNeedPages = toFileEngine(params) !== "free";
  let bytes = bodyBytes;
  for (const part of listParts(params)) {
    const type = toText(part.type);
    if (IMAGES.has(type)) {
      content.images++;
      bytes -= findInlineImage(part)?.length ?? 0;
    } else if (DOCUMENTS.has(type) || RECORDINGS.has(type)) {
      const texts = Object.values(part).flatMap(toTexts);
      const isUnseen = hasId(part) || texts.some((text) => HTTP_URL.test(text));
      if (isUnseen) content.tokens += TOKENS_PER_UNSEEN_FILE;
      const mayHavePages = mayNeedPages && DOCUMENTS.has(type) && !isPlainText(part);
      if (mayHavePages) content.pages += countPages(texts, isUnseen);
    }
  }
  content.tokens += content.images * TOKENS_PER_IMAGE + Math.ceil(bytes / BYTES_PER_TOKEN);
  return content;
}

/** Whether the plugin that parses files is set to an engine that costs nothing. */
function toFileEngine({ plugins }: Fields): "free" | "unknown" {
  const list = Array.isArray(plugins) ? plugins : [];
  const engines = list.filter((plugin) => plugin?.id === "file-parser")
    .map((plugin) => plugin.pdf?.engine);
  const isFree = engines.length > 0 &&
    engines.every((engine) => ["native", "cloudflare-ai", "pdf-text"].includes(engine));
  return isFree ? "free" : "unknown";
}

function countPages(texts: string[], isUnseen: boolean): number {
  if (isUnseen) return MAX_PAGES;
  if (texts.some((text) => INLINE_OTHER_THAN_PDF.test(text))) return 0;
  const bytes = texts.reduce((sum, text) => sum + text.length, 0);
  return Math.min(MAX_PAGES, Math.max(MIN_PAGES, Math.ceil(bytes / BYTES_PER_PAGE)));
}

/** The base64 of an image: a data URL, or the `source` of Anthropic's form. */
function findInlineImage(part: Fields): string | undefined {
  const source = Object(part.source);
  if (source.type === "base64" && typeof source.data === "string") return source.data;
  return Object.values(part).flatMap(toTexts).find((text) => INLINE_IMAGE.test(text));
}

/** Whether a part is a document of Anthropic's form whose text stands in the request. */
function isPlainText({ source }: Fields): boolean {
  return ["text", "content"].includes(Object(source).type);
}

function hasId({ file_id, file, source }: Fields): boolean {
  return Boolean(file_id ?? Object(file).file_id ?? Object(source).file_id);
}

/** A text, or those in an object: OpenAI's two APIs differ in that. */
function toTexts(value: unknown): string[] {
  const values = typeof value === "object" ? Object.values(value ?? {}) : [value];
  return values.filter((item) => typeof item === "string");
}
