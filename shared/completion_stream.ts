/**
 * A streamed completion on its way to the caller: the gateway's bytes, passed on unchanged, watched
 * for errors, cuts, stalls and usage.
 */
import { ApiError, toErrorEvent } from "./errors.ts";
import { type Asked, findError, toInBandFailure, unusable } from "./openrouter_failures.ts";
import { EventCutter, formatEvent, joinBytes, readData, splitEvents } from "./sse.ts";

/** Tokens and cost of a call as OpenRouter reports them; `cost` is in USD. */
export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  cost?: number | null;
  [detail: string]: unknown;
}

/** What a chunk of a streamed completion may hold, as far as it is looked at. */
export interface Chunk {
  id?: string;
  model?: string;
  usage?: Usage | null;
  choices?: { delta?: Record<string, unknown>; finish_reason?: string | null }[];
}

/** How a stream is understood that does not speak chat completions. */
export interface Dialect {
  /** The chunk of a completion that would mean the same; nothing for an event without meaning. */
  toChunk(event: Record<string, unknown>): (Chunk & { error?: unknown }) | undefined;
  /** The JSON of the one event that ends a failed stream. */
  toErrorEvent(error: ApiError): string;
}

/** How a stream goes on: nothing yet, whole, or failed. */
type End = undefined | "complete" | ApiError;

interface GuardOptions {
  /** Who streams, for the words of its failures; OpenRouter unless given. */
  asked?: Asked;
  /** Words an error of the gateway's for the caller. */
  toFailure?: (error: ApiError) => ApiError;
  /** Bytes to pass on before all others. */
  preface?: Uint8Array;
  /** Chat completions unless given. */
  dialect?: Dialect;
  /**
   * Believes a stream as OpenAI's SDK does: an error inside a choice, an answer without output, a
   * proper end too early are no failures, and an error event is passed on as it came.
   */
  trusting?: boolean;
  /** Longest wait from one data event to the next, milliseconds; comments do not count. */
  idleMs: number;
  /** Longest time from now to the stream's end, read or unread, milliseconds. */
  lastsMs?: number;
  /** Called with the first chunk, before anything is passed on. */
  onFirst(chunk: Chunk): void;
  /**
   * Called once, when all was passed on or nothing is going to be; the stream is closed when it is
   * done. It must not throw.
   *
   * @param outcome `complete`, `cancelled` by the caller, or the code of the error.
   * @param tokens about how many came, by events and their length; nothing where the first event that
   *   meant anything was an error, and nothing was generated.
   */
  onEnd(outcome: string, tokens: number | undefined, usage?: Usage): Promise<void>;
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
  "images",
  "annotations",
  "audio",
];
const NOTHING = new Uint8Array();
const EMPTY_LINE = new TextEncoder().encode("\n\n");
const decoder = new TextDecoder();

/**
 * Waits for the first data event of a streamed answer, then returns the stream, that event included.
 *
 * The stream passes on whole events, byte for byte and as they arrive. Whatever goes wrong later
 * ends it with one error event: an error the gateway sent, which takes that event's place, a cut, a
 * stall, an answer without output, the end of its time. Time in which nobody reads does not count as
 * a stall. Cancelling it aborts the upstream call.
 *
 * @param response an upstream answer with status 200 and content type `text/event-stream`.
 * @throws {ApiError} when an error, the stream's end or a break comes before anything else.
 */
export async function guardCompletion(
  response: Response,
  options: GuardOptions,
): Promise<ReadableStream<Uint8Array>> {
  const guard = new CompletionGuard(openSource(response.body!), options);
  await guard.open();
  return new ReadableStream(guard);
}

/** What the guard needs of a reader. */
type Source = Pick<ReadableStreamDefaultReader<Uint8Array>, "read" | "cancel">;

/** Room for one read: a chunk takes some hundred bytes, and left to itself Deno makes room for 64 K. */
const READ_BYTES = 4_096;

function openSource(body: ReadableStream<Uint8Array>): Source {
  try {
    const reader = body.getReader({ mode: "byob" });
    return {
      read: () => reader.read(new Uint8Array(READ_BYTES)),
      cancel: () => reader.cancel(),
    };
  } catch {
    return body.getReader(); // a stream that `fetch` did not make brings buffers of its own
  }
}

class CompletionGuard implements UnderlyingByteSource {
  readonly type = "bytes";
  #cutter = new EventCutter();
  #ready: Uint8Array = NOTHING;
  #end: End;
  #ended = false;
  #cancelled = false;
  /** Why there is nothing more to read, where it is not the stream's own end. */
  #broke: ApiError | undefined;

  #first: Chunk | undefined;
  #usage: Usage | undefined;
  #tokens = 0;
  #refused = false;
  #hasOutput = false;
  /** A finish reason was seen: what is missing after it is no loss. */
  #finished = false;

  #watchdog: ReturnType<typeof setTimeout> | undefined;
  readonly #openedAt = performance.now();
  /** Waiting since the last data event, milliseconds; the wait going on is not yet in it. */
  #idleMs = 0;
  #waitingSince: number | undefined;

  constructor(
    readonly source: Source,
    readonly options: GuardOptions,
  ) {}

  async open(): Promise<void> {
    const early = [this.options.preface ?? NOTHING];
    while (!this.#first && !this.#end) early.push(await this.#next());
    const failed = this.#end instanceof ApiError && !this.#hasOutput;
    const refused = this.options.trusting ? this.#isTransient() : !this.#first || failed;
    if (refused) {
      const failure = this.#end instanceof ApiError ? this.#end : empty();
      await this.#finish(failure.code);
      throw failure;
    }
    this.#ready = joinBytes(early);
    if (this.#first) this.options.onFirst(this.#first);
    this.#watch();
  }

  async pull(stream: ReadableByteStreamController): Promise<void> {
    const bytes = this.#ready.length > 0 || this.#end ? this.#ready : await this.#next();
    this.#ready = NOTHING;
    if (this.#cancelled) return; // meanwhile
    if (bytes.length > 0) stream.enqueue(bytes as Uint8Array<ArrayBuffer>);
    if (!this.#end) return;
    if (this.#end instanceof ApiError) {
      const { dialect = { toErrorEvent } } = this.options;
      stream.enqueue(formatEvent(dialect.toErrorEvent(this.#end)));
    }
    await this.#finish(this.#end instanceof ApiError ? this.#end.code : this.#end);
    if (this.#cancelled) return;
    stream.close();
    stream.byobRequest?.respond(0);
  }

  async cancel(): Promise<void> {
    this.#cancelled = true;
    await this.#finish("cancelled");
  }

  async #finish(outcome: string): Promise<void> {
    if (this.#ended) return; // left with the last events unread
    this.#ended = true;
    clearTimeout(this.#watchdog);
    this.#leave();
    await this.options.onEnd(outcome, this.#refused ? undefined : this.#tokens, this.#usage);
  }

  /** An error came before everything else, and the next try may do better. */
  #isTransient(): boolean {
    const refusal = this.#first || this.#broke ? undefined : this.#end;
    return refusal instanceof ApiError && refusal.retryable;
  }

  /** Ends the upstream call; a read that is under way finds the stream's end. */
  #leave(): void {
    this.source.cancel().catch(() => {}); // it may have broken by itself, which is told elsewhere
  }

  /** The next events to pass on, perhaps none; sets the end when there are no more. */
  async #next(): Promise<Uint8Array> {
    let events: Uint8Array | undefined;
    try {
      events = await this.#read();
    } catch (cause) {
      this.#broke ??= cause instanceof ApiError ? cause : cut();
    }
    if (events) return this.#inspect(events);
    const rest = this.#cutter.rest();
    const passed = !this.#broke && isWhole(rest) ? this.#inspect(rest) : NOTHING;
    const whole = this.#finished || (this.options.trusting && !this.#broke);
    this.#end ??= whole ? "complete" : this.#broke ?? cut();
    // The error event that follows must not run into an event that lacks its empty line.
    return passed.length > 0 && this.#end instanceof ApiError
      ? joinBytes([passed, EMPTY_LINE])
      : passed;
  }

  /** Reads until at least one event is whole; nothing at the stream's end. */
  async #read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const since = this.#waitingSince = performance.now();
      const { value, done } = await this.source.read();
      this.#waitingSince = undefined;
      this.#idleMs += performance.now() - since;
      if (done) return undefined;
      const events = this.#cutter.push(value);
      if (events) return events;
    }
  }

  /** Looks at whole events and returns those to pass on: all but an error and what follows it. */
  #inspect(events: Uint8Array): Uint8Array {
    const text = decoder.decode(events);
    const count = countData(text);
    if (count === 0) return events;
    // Some providers put dozens of tokens into one chunk.
    const more = Math.max(0, text.length - count * CHUNK_CHARS);
    this.#tokens += count + Math.ceil(more / CHARS_PER_TOKEN);
    this.#idleMs = 0;
    if (this.#hasOutput && !this.options.dialect && !NOTABLE.test(text)) return events;
    let passed = 0;
    for (const event of splitEvents(events)) {
      this.#end = this.#judge(readData(decoder.decode(event)));
      if (this.#end instanceof ApiError && !this.options.trusting) break;
      passed += event.length;
      if (this.#end) break;
    }
    return events.subarray(0, passed);
  }

  #judge(data: string | undefined): End {
    if (data === undefined) return undefined;
    const { dialect, trusting } = this.options;
    if (data === "[DONE]") {
      return this.#hasOutput || this.#finished || trusting ? "complete" : empty();
    }
    const event = parseChunk(data);
    const chunk = event && dialect ? dialect.toChunk(event) : event as Chunk | undefined;
    if (!chunk) return undefined;
    this.#usage = chunk.usage ?? this.#usage;
    const error = findError(trusting ? { error: event?.error } : chunk);
    if (error) {
      this.#refused = !this.#first;
      const { asked, toFailure = (failure) => failure } = this.options;
      return toFailure(toInBandFailure(error, undefined, asked));
    }
    this.#first ??= chunk;
    const [choice] = Array.isArray(chunk.choices) ? chunk.choices : [];
    this.#hasOutput ||= OUTPUT_FIELDS.some((field) => isFilled(choice?.delta?.[field]));
    this.#finished ||= Boolean(choice?.finish_reason);
    if (choice?.finish_reason === "stop" && !this.#hasOutput && !trusting) {
      return empty();
    }
  }

  #watch(): void {
    const { idleMs, lastsMs = Infinity } = this.options;
    const now = performance.now();
    const waitedMs = this.#waitingSince === undefined
      ? this.#idleMs
      : this.#idleMs + now - this.#waitingSince;
    const leftMs = this.#openedAt + lastsMs - now;
    if (waitedMs >= idleMs && this.#waitingSince !== undefined) this.#break(stalled());
    else if (leftMs <= 0) this.#break(endless());
    else {
      const nextMs = Math.min(Math.max(idleMs - waitedMs, 100), leftMs);
      this.#watchdog = setTimeout(() => this.#watch(), nextMs);
    }
  }

  /** Ends the upstream call for a reason of ours, also where nobody reads, and would ever find out. */
  #break(reason: ApiError): void {
    this.#broke = reason;
    if (this.#waitingSince === undefined) this.#finish(reason.code);
    else this.#leave();
  }
}

const RETRYABLE = { retryable: true };

function empty(): ApiError {
  return unusable("The AI provider's answer was empty", RETRYABLE);
}

function cut(): ApiError {
  return unusable("The AI provider's stream broke off before the answer was complete", RETRYABLE);
}

function stalled(): ApiError {
  const message = "The AI provider's stream stalled before the answer was complete";
  return new ApiError(504, "AI_UPSTREAM_UNAVAILABLE", message);
}

function endless(): ApiError {
  return new ApiError(504, "AI_UPSTREAM_UNAVAILABLE", "The stream took too long as a whole");
}

function parseChunk(data: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(data);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined; // not for us to judge; it is passed on
  }
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

/** Whether bytes left over at a clean end are an event that only lacks its empty line. */
function isWhole(rest: Uint8Array): boolean {
  const data = readData(decoder.decode(rest));
  return data === "[DONE]" || (data !== undefined && parseChunk(data) !== undefined);
}
