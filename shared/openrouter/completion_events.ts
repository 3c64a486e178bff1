/** What the events of a streamed completion say: its answer, its usage, its errors, its end. */
import type { ApiError } from "../errors.ts";
import { unusable } from "../gateway/failures.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { readOpenRouterError } from "../gateway/openrouter.ts";
import { readData, splitEvents } from "../http/sse.ts";
import type { TokenUsage } from "../token_usage.ts";

/** What a chunk of a streamed completion may hold, as far as it is looked at. */
export interface Chunk {
  id?: string;
  model?: string;
  usage?: TokenUsage | null;
  choices?: { delta?: Record<string, unknown>; finish_reason?: string | null }[];
}

/** How a stream is understood that does not speak chat completions. */
export interface Dialect {
  /** The chunk of a completion that would mean the same; nothing for an event without meaning. */
  toChunk(event: Record<string, unknown>): (Chunk & { error?: unknown }) | undefined;
  /** Whether an event brings more of the answer; others repeat it, or what was asked. */
  isPiece(event: Record<string, unknown>): boolean;
  /** The JSON of the one event that ends a failed stream. */
  toErrorEvent(error: ApiError): string;
}

/** How a stream goes on: nothing yet, whole, or failed. */
type End = undefined | "complete" | ApiError;

/** How events are understood. */
export interface EventOptions {
  /** The gateway that reads the errors in events; OpenRouter unless given. */
  gateway?: Pick<Gateway, "readError">;
  /** Words an error of the gateway's for the caller. */
  toFailure?: (error: ApiError) => ApiError;
  /** Chat completions unless given. */
  dialect?: Dialect;
  /**
   * Believes a stream as OpenAI's SDK does: an error inside a choice, an answer without output, a
   * proper end too early are no failures, and an error event is passed on as it came.
   */
  trusting?: boolean;
}

/** What in some events asks for a closer look. Text of an answer cannot match: JSON escapes it. */
const NOTABLE = /"(?:error|usage|(?:native_)?finish_reason)"\s*:\s*[^\sn]|\[DONE\]/;
/** What a chunk of one token has at most, and how much longer one is for each token more. */
const CHUNK_CHARS = 500;
const CHARS_PER_TOKEN = 4;
const OUTPUT_FIELDS = [
  "content",
  "reasoning",
  "reasoning_details",
  "refusal",
  "tool_calls",
  "function_call",
  "images",
  "annotations",
  "audio",
];
const decoder = new TextDecoder();

/** A streamed completion, as far as its events have told it. */
export class CompletionEvents {
  first: Chunk | undefined;
  /** The latest that was told. */
  usage: TokenUsage | undefined;
  /** About how many came, by data events and their length. */
  tokens = 0;
  /** The first event that meant anything was an error, and nothing was generated. */
  refused = false;
  hasOutput = false;
  /** A finish reason was seen: what is missing after it is no loss. */
  finished = false;
  /** Set by the last event, or by whoever finds that none will come. */
  end: End;

  constructor(readonly options: EventOptions) {}

  /** Reads whole events and returns those to pass on: all but an error and what follows it. */
  read(events: Uint8Array): Uint8Array {
    const text = decoder.decode(events);
    const count = countData(text);
    if (count === 0) return events;
    this.tokens += count;
    if (!this.options.dialect) this.tokens += countMore(text, count);
    if (this.hasOutput && !this.options.dialect && !NOTABLE.test(text)) return events;
    let passed = 0;
    for (const event of splitEvents(events)) {
      this.end = this.#judge(readData(decoder.decode(event)));
      if (typeof this.end === "object" && !this.options.trusting) break;
      passed += event.length;
      if (this.end) break;
    }
    return events.subarray(0, passed);
  }

  #judge(data: string | undefined): End {
    if (data === undefined) return undefined;
    const { dialect, trusting } = this.options;
    if (data === "[DONE]") {
      return this.hasOutput || this.finished || trusting ? "complete" : empty();
    }
    const event = parseChunk(data);
    if (event && dialect?.isPiece(event)) this.tokens += countMore(data, 1);
    const chunk = event && dialect ? dialect.toChunk(event) : event as Chunk | undefined;
    if (!chunk) return undefined;
    this.usage = chunk.usage ?? this.usage;
    const { gateway = { readError: readOpenRouterError } } = this.options;
    const body = trusting ? { error: event?.error } : chunk;
    const failure = gateway.readError({ status: 200, body });
    if (failure) {
      this.refused = !this.first;
      const { toFailure = (failure) => failure } = this.options;
      return toFailure(failure);
    }
    this.first ??= chunk;
    const [choice] = Array.isArray(chunk.choices) ? chunk.choices : [];
    this.hasOutput ||= OUTPUT_FIELDS.some((field) => isFilled(choice?.delta?.[field]));
    this.finished ||= Boolean(choice?.finish_reason);
    if (choice?.finish_reason === "stop" && !this.hasOutput && !trusting) return empty();
  }
}

/** The failure of an answer in which there is nothing. */
export function empty(): ApiError {
  return unusable("The AI provider's answer was empty", { retryable: true });
}

/** Whether bytes left over at a clean end are an event that only lacks its empty line. */
export function isWhole(rest: Uint8Array): boolean {
  const data = readData(decoder.decode(rest));
  return data === "[DONE]" || (data !== undefined && parseChunk(data) !== undefined);
}

function parseChunk(data: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(data);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined; // not for us to judge; it is passed on
  }
}

/** How many tokens there are beyond one for each chunk: some providers put dozens into one. */
function countMore(text: string, chunks: number): number {
  return Math.ceil(Math.max(0, text.length - chunks * CHUNK_CHARS) / CHARS_PER_TOKEN);
}

/** How many lines of data a text holds. */
function countData(text: string): number {
  let count = text.startsWith("data:") ? 1 : 0;
  for (let i = 0; (i = text.indexOf("\ndata:", i) + 1) > 0;) count++;
  return count;
}

function isFilled(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}
