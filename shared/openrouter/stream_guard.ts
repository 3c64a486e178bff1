/**
 * A streamed completion on its way to the caller: the gateway's bytes, passed on unchanged, watched
 * for errors, cuts, stalls and usage.
 */
import {
  type Chunk,
  CompletionEvents,
  empty,
  type EventOptions,
  isWhole,
} from "./completion_events.ts";
import { ApiError, toErrorEvent } from "../errors.ts";
import { unusable } from "../gateway/failures.ts";
import { EventCutter, formatEvent, joinBytes } from "../http/sse.ts";
import type { TokenUsage } from "../token_usage.ts";

interface GuardOptions extends EventOptions {
  /** The JSON of the event that ends a failed stream. */
  toErrorEvent?: (error: ApiError) => string;
  /** Bytes to pass on before all others. */
  preface?: Uint8Array;
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
  onEnd(outcome: string, tokens: number | undefined, usage?: TokenUsage): Promise<void>;
}

const NOTHING = new Uint8Array();
const EMPTY_LINE = new TextEncoder().encode("\n\n");

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
  #ended = false;
  #cancelled = false;
  /** Why there is nothing more to read, where it is not the stream's own end. */
  #broke: ApiError | undefined;

  readonly #seen: CompletionEvents;
  #watchdog: ReturnType<typeof setTimeout> | undefined;
  readonly #openedAt = performance.now();
  /** Waiting since the last data event, milliseconds; the wait going on is not yet in it. */
  #idleMs = 0;
  #waitingSince: number | undefined;

  constructor(
    readonly source: Source,
    readonly options: GuardOptions,
  ) {
    this.#seen = new CompletionEvents(options);
  }

  async open(): Promise<void> {
    const early = [this.options.preface ?? NOTHING];
    while (!this.#seen.first && !this.#seen.end) early.push(await this.#next());
    const { first, end, hasOutput } = this.#seen;
    const failed = end instanceof ApiError && !hasOutput;
    const refused = this.options.trusting ? this.#isTransient() : !first || failed;
    if (refused) {
      const failure = end instanceof ApiError ? end : empty();
      await this.#finish(failure.code);
      throw failure;
    }
    this.#ready = joinBytes(early);
    if (first) this.options.onFirst(first);
    this.#watch();
  }

  async pull(stream: ReadableByteStreamController): Promise<void> {
    const bytes = this.#ready.length > 0 || this.#seen.end ? this.#ready : await this.#next();
    this.#ready = NOTHING;
    if (this.#cancelled) return; // meanwhile
    if (bytes.length > 0) stream.enqueue(bytes as Uint8Array<ArrayBuffer>);
    const { end } = this.#seen;
    if (!end) return;
    if (end instanceof ApiError) {
      const { dialect, toErrorEvent: toEvent = toErrorEvent } = this.options;
      stream.enqueue(formatEvent((dialect?.toErrorEvent ?? toEvent)(end)));
    }
    await this.#finish(end instanceof ApiError ? end.code : end);
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
    const { refused, tokens, usage } = this.#seen;
    await this.options.onEnd(outcome, refused ? undefined : tokens, usage);
  }

  /** An error came before everything else, and the next try may do better. */
  #isTransient(): boolean {
    const refusal = this.#seen.first || this.#broke ? undefined : this.#seen.end;
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
    const whole = this.#seen.finished || (this.options.trusting && !this.#broke);
    this.#seen.end ??= whole ? "complete" : this.#broke ?? cut();
    // The error event that follows must not run into an event that lacks its empty line.
    return passed.length > 0 && this.#seen.end instanceof ApiError
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

  #inspect(events: Uint8Array): Uint8Array {
    const { tokens } = this.#seen;
    const passed = this.#seen.read(events);
    if (this.#seen.tokens > tokens) this.#idleMs = 0;
    return passed;
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
