/** What the events of one stream say: its output, its usage, its errors, its end. */
import type { ApiError } from "../errors.ts";
import { type Fields, toText } from "../fields.ts";
import { unusable } from "../gateway/failures.ts";
import { formatEvent, joinBytes, readData, splitEvents } from "../http/sse.ts";
import type { TokenUsage } from "../token_usage.ts";
import { readFinishReasons } from "./finish_reasons.ts";
import { empty, isEmpty, type Protocol, type StreamReader } from "./protocol.ts";

/** How events are read. */
export interface EventOptions {
  /** The API whose events they are. */
  protocol: Protocol;
  /** The gateway's error in an event, if there is one. */
  readError(body: unknown): ApiError | undefined;
  /** Gets the text of whole events, as they are read. */
  onEvents?: ((text: string) => void) | undefined;
}

/** How a stream ended: whole, or with an error. */
export type Conclusion = "complete" | ApiError;

/** What the events named and counted. */
export interface Seen {
  /** The gateway's id of the generation. */
  id?: string;
  /** The model that generated. */
  model?: string;
  /** Tokens and cost, as the last event with usage stated them. */
  usage?: TokenUsage;
  /** Why the generation ended, per choice. */
  finishReasons?: string[];
  /** About how many tokens were generated, by the number and the length of the events. */
  tokens: number;
  /** The first event was an error: nothing was generated. */
  refused: boolean;
}

/** The length of a chunk that holds one token, and how much each further token adds. */
const CHUNK_CHARS = 500;
const CHARS_PER_TOKEN = 4;
const NOTHING = new Uint8Array();
const decoder = new TextDecoder();

/** Reads the events of one stream, in their order. */
export class StreamEvents {
  /** What the events have named and counted so far. */
  readonly seen: Seen = { tokens: 0, refused: false };
  /** An event has reported the state of the generation: from then on the request is not retried. */
  begun = false;
  /** Whether an event held something that a model generated. */
  hasOutput = false;
  #finished = false;
  readonly #options: EventOptions;
  readonly #reader: StreamReader;

  /** Starts with the reader of the options' protocol. */
  constructor(options: EventOptions) {
    this.#options = options;
    this.#reader = options.protocol.createReader();
  }

  /**
   * Reads whole events, as far as needed.
   *
   * @returns the bytes to pass on, which are all before an error or up to the end; and the end, when
   *   the events hold it.
   */
  read(events: Uint8Array): { passed: Uint8Array; end?: Conclusion } {
    const text = decoder.decode(events);
    this.#options.onEvents?.(text);
    const count = countData(text);
    if (count === 0) return { passed: events };
    this.seen.tokens += count;
    const isNotable = this.#reader.isNotable(text) || text.includes("[DONE]");
    if (this.hasOutput && !isNotable) {
      this.seen.tokens += countFurtherTokens(text, count);
      return { passed: events };
    }
    let passed = 0;
    for (const event of splitEvents(events)) {
      const end = this.#judge(readData(decoder.decode(event)));
      if (!end || end === "complete") passed += event.length;
      if (end) return { passed: events.subarray(0, passed), end };
    }
    return { passed: events };
  }

  /**
   * Reads what is left when the source has closed: an event that lacks its empty line, or nothing.
   *
   * @param rest the bytes after the last whole event.
   * @param broken why the source closed, unless it closed properly.
   */
  close(rest: Uint8Array, broken?: ApiError): { passed: Uint8Array; end: Conclusion } {
    const isWhole = !broken && isWholeEvent(rest);
    const { passed, end } = isWhole ? this.read(rest) : { passed: NOTHING };
    return { passed, end: end ?? this.#conclude(broken) };
  }

  /**
   * Translates a JSON response to a streamed request into events.
   *
   * @param text all that the server sent.
   * @returns undefined when it is not such a response.
   */
  toEvents(text: string): Uint8Array | undefined {
    const response = parseObject(text);
    const events = response ? this.#options.protocol.toEvents(response) : [];
    if (events.length === 0) return undefined;
    const end = this.#options.protocol.namesEvents ? [] : [formatEvent("[DONE]")];
    return joinBytes([...events.map((event) => this.#format(event)), ...end]);
  }

  /** The event that ends the stream with an error. */
  toErrorEvent(error: ApiError): Uint8Array {
    const name = this.#options.protocol.namesEvents ? "error" : undefined;
    return formatEvent(this.#reader.toErrorEvent(error), name);
  }

  #format(event: Fields): Uint8Array {
    const name = this.#options.protocol.namesEvents ? toText(event.type) : undefined;
    return formatEvent(JSON.stringify(event), name);
  }

  #judge(data: string | undefined): Conclusion | undefined {
    if (data === undefined) return undefined;
    if (data === "[DONE]") return this.#toEnd();
    const event = parseObject(data);
    const verdict = event && this.#reader.read(event);
    if (!verdict) return undefined;
    if (!verdict.repeats) this.seen.tokens += countFurtherTokens(data, 1);
    if (typeof verdict.id === "string") this.seen.id ??= verdict.id;
    if (typeof verdict.model === "string") this.seen.model ??= verdict.model;
    this.seen.usage = verdict.usage ?? this.seen.usage;
    const failure = verdict.reports ? this.#options.readError(verdict.reports) : undefined;
    if (failure) {
      this.seen.refused = !this.begun;
      return failure;
    }
    this.hasOutput ||= verdict.hasOutput ?? false;
    if (verdict.finished) this.seen.finishReasons ??= toReasons(event);
    this.#finished ||= verdict.finished ?? false;
    this.begun ||= this.hasOutput || !this.#finished; // else the end may show that it was empty
    return undefined;
  }

  #conclude(broken: ApiError | undefined): Conclusion {
    if (this.#finished) return this.#toEnd();
    return broken ?? (this.#options.protocol.isLenient ? "complete" : cut());
  }

  #toEnd(): Conclusion {
    const { hasOutput, seen: { usage } } = this;
    if (this.#options.protocol.isLenient) return "complete";
    return isEmpty({ hasOutput, finished: this.#finished, usage }) ? empty() : "complete";
  }
}

/** Undefined when an event ends the generation without saying why. */
function toReasons(event: Fields): string[] | undefined {
  const reasons = readFinishReasons(event);
  return reasons.length > 0 ? reasons : undefined;
}

/** The failure of a stream that closed too early. */
export function cut(): ApiError {
  const message = "The AI provider's stream ended before the response was complete";
  return unusable(message, { retryable: true });
}

/** Whether bytes left over at the end are an event that lacks only its empty line. */
function isWholeEvent(rest: Uint8Array): boolean {
  const data = readData(decoder.decode(rest));
  return data === "[DONE]" || (data !== undefined && parseObject(data) !== undefined);
}

function parseObject(text: string): Fields | undefined {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined; // it is passed on unread
  }
}

/** The number of `data:` lines. */
function countData(text: string): number {
  let count = text.startsWith("data:") ? 1 : 0;
  for (let at = 0; (at = text.indexOf("\ndata:", at) + 1) > 0;) count++;
  return count;
}

/** About how many tokens events hold beyond one each: some providers put dozens into one. */
function countFurtherTokens(text: string, events: number): number {
  return Math.ceil(Math.max(0, text.length - events * CHUNK_CHARS) / CHARS_PER_TOKEN);
}
