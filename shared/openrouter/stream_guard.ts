/**
 * A stream on its way from the gateway to the caller: the gateway's bytes, passed on unchanged, and
 * watched for errors, cuts and stalls.
 */
import { ApiError } from "../errors.ts";
import { unusable } from "../gateway/failures.ts";
import type { ByteSource } from "../http/event_stream.ts";
import { setDeadline } from "../http/deadlines.ts";
import { EventCutter, joinBytes } from "../http/sse.ts";
import { canGather, nextTurn, openSource, type Source } from "./stream_source.ts";
import {
  type Conclusion,
  cut,
  type EventOptions,
  type Seen,
  StreamEvents,
} from "./stream_events.ts";

/** How a stream is guarded. */
export interface GuardOptions extends EventOptions {
  /** Bytes to pass on before all others. */
  preface?: Uint8Array;
  /** The longest silence of the gateway, milliseconds; keep-alive comments end a silence. */
  idleMs: number;
  /** The longest time from now to the stream's end, read or unread, milliseconds. */
  lastsMs: number;
}

/** What is known of a stream at its end. */
export interface Ending extends Seen {
  /** Whole, cancelled because the caller closed the connection, or failed. */
  outcome: Conclusion | "cancelled";
}

/** Reads that are delivered at once, so that nothing delays the first words. */
const UNGATHERED_READS = 2;
/** About as much as is gathered for one write. */
const GATHERED_BYTES = 12_288;
const NOTHING = new Uint8Array();
const EMPTY_LINE = new TextEncoder().encode("\n\n");
const decoder = new TextDecoder();

/**
 * The guarded stream. {@link open} waits for its first event; then {@link read} gives whole events,
 * byte for byte, as they arrive.
 *
 * Every failure after that ends the stream with one error event: an error that the gateway sent,
 * whose place it takes, a cut connection, a silence, a generation that produced nothing, the end of
 * the stream's time. Time in which the caller reads nothing does not count as a silence. Whether a
 * stream was empty or complete is decided at its end, because some servers send a finish reason
 * after every chunk.
 */
export class StreamGuard implements ByteSource {
  /** Settles once, when the last bytes are ready or the connection is closed; it never rejects. */
  readonly ended: Promise<Ending>;
  /** Settles when the stream's time is over while the caller reads nothing. */
  readonly abandoned: Promise<void>;

  readonly #options: GuardOptions;
  readonly #events: StreamEvents;
  readonly #source: Source | undefined;
  /** Whether the response calls itself an event stream. Not every server that streams does. */
  readonly #isLabelled: boolean;
  readonly #cutter = new EventCutter();
  readonly #endsAt: number;
  readonly #end = Promise.withResolvers<Ending>();
  readonly #abandon = Promise.withResolvers<void>();

  /** Whole events that wait for the caller. */
  #ready: Uint8Array[] = [];
  #readyBytes = 0;
  /** The read of the source that is in flight. */
  #pending: Promise<void> | undefined;
  #reads = 0;
  #isReading = false;
  #outcome: Ending["outcome"] | undefined;
  /** Why the source closed, unless it closed properly. */
  #broken: ApiError | undefined;
  #waitingSince: number | undefined;
  #cancelWatch: (() => void) | undefined;

  /**
   * Starts to guard a response.
   *
   * @param response the gateway's response; its status was judged before.
   */
  constructor(response: Response, options: GuardOptions) {
    this.#options = options;
    this.#events = new StreamEvents(options);
    this.#source = response.body ? openSource(response.body) : undefined;
    const type = response.headers.get("content-type") ?? "";
    this.#isLabelled = type.startsWith("text/event-stream");
    this.#endsAt = performance.now() + options.lastsMs;
    this.ended = this.#end.promise;
    this.abandoned = this.#abandon.promise;
  }

  /** What the events have named so far. */
  get seen(): Readonly<Seen> {
    return this.#events.seen;
  }

  /**
   * Waits for the first event that tells how the generation goes.
   *
   * @throws {ApiError} when an error, the stream's end or a cut connection comes before it, or when
   *   the generation produced nothing.
   */
  async open(): Promise<void> {
    while (!this.#events.begun && !this.#outcome) await this.#advance();
    if (this.#outcome instanceof ApiError && !this.#events.hasOutput) throw this.#outcome;
    if (this.#options.preface) this.#ready.unshift(this.#options.preface);
    if (!this.#outcome) this.#watch();
  }

  /** The next bytes for the caller; undefined after the last ones. It never rejects. */
  async read(): Promise<Uint8Array | undefined> {
    this.#isReading = true;
    while (this.#ready.length === 0 && !this.#outcome) await this.#advance();
    if (this.#reads++ >= UNGATHERED_READS && canGather) await this.#gather();
    this.#isReading = false;
    const bytes = joinBytes(this.#ready);
    this.#ready = [];
    this.#readyBytes = 0;
    return bytes.length > 0 ? bytes : undefined;
  }

  /** The caller closed the connection: ends the upstream request. */
  cancel(): Promise<void> {
    this.#finish("cancelled");
    return Promise.resolve();
  }

  /** Reads on until the next events are ready, the first of all callers of this method. */
  #advance(): Promise<void> {
    return this.#pending ??= this.#next().then((bytes) => {
      this.#pending = undefined;
      if (bytes.length === 0) return;
      this.#ready.push(bytes);
      this.#readyBytes += bytes.length;
    });
  }

  /**
   * Waits for what has arrived already, until two turns of the event loop bring nothing: a write to
   * the caller costs several times as much as a read.
   */
  async #gather(): Promise<void> {
    for (let idle = 0; idle < 2 && this.#readyBytes < GATHERED_BYTES && !this.#outcome;) {
      const before = this.#readyBytes;
      this.#advance();
      await nextTurn();
      idle = this.#readyBytes > before ? 0 : idle + 1;
    }
  }

  /** The next whole events, perhaps none; at the stream's end it settles {@link ended}. */
  async #next(): Promise<Uint8Array> {
    let events: Uint8Array | undefined;
    try {
      events = await this.#readEvents();
    } catch (cause) {
      this.#broken ??= cause instanceof ApiError ? cause : cut();
    }
    if (this.#outcome) return NOTHING; // the connection was closed in the meantime
    const { passed, end } = events ? this.#events.read(events) : this.#close();
    if (!end) return passed;
    this.#finish(end);
    if (end === "complete") return passed;
    // The error event must not run into an event that lacks its empty line.
    const gap = passed.length > 0 && !events ? EMPTY_LINE : NOTHING;
    return joinBytes([passed, gap, this.#events.toErrorEvent(end)]);
  }

  /** Reads until at least one event is whole; undefined at the source's end. */
  async #readEvents(): Promise<Uint8Array | undefined> {
    while (this.#source) {
      this.#waitingSince = performance.now();
      const { value, done } = await this.#source.read();
      this.#waitingSince = undefined;
      if (done) return undefined;
      const events = this.#cutter.push(value);
      if (events) return events;
    }
    return undefined;
  }

  #close(): { passed: Uint8Array; end?: Conclusion } {
    const rest = this.#cutter.rest();
    if (this.#events.begun || this.#broken) return this.#events.close(rest, this.#broken);
    const events = this.#events.toEvents(decoder.decode(joinBytes([...this.#ready, rest])));
    const mayBeStream = this.#isLabelled || this.#options.protocol.isLenient;
    if (!events) return this.#events.close(rest, mayBeStream ? undefined : notStreamed());
    this.#ready = []; // it was part of the JSON
    return this.#events.read(events);
  }

  #finish(outcome: Ending["outcome"]): void {
    if (this.#outcome) return;
    this.#outcome = outcome;
    this.#cancelWatch?.();
    this.#closeSource();
    this.#end.resolve({ ...this.seen, outcome });
  }

  #watch(): void {
    const now = performance.now();
    const silentMs = this.#waitingSince === undefined ? 0 : now - this.#waitingSince;
    const { idleMs } = this.#options;
    const leftMs = this.#endsAt - now;
    if (silentMs >= idleMs) this.#break(stalled());
    else if (leftMs <= 0) this.#break(endless());
    else {
      const nextMs = Math.min(Math.max(idleMs - silentMs, 100), leftMs);
      this.#cancelWatch = setDeadline(nextMs, () => this.#watch());
    }
  }

  /** Ends the stream for a reason of ours. A pending read finds the source's end and reports it. */
  #break(reason: ApiError): void {
    this.#broken = reason;
    if (!this.#isReading) this.#abandon.resolve();
    if (this.#pending) return this.#closeSource();
    this.#ready.push(this.#events.toErrorEvent(reason));
    this.#finish(reason);
  }

  #closeSource(): void {
    this.#source?.cancel().catch(() => {}); // it may have broken by itself
  }
}

function notStreamed(): ApiError {
  return unusable("The AI provider did not respond with a stream");
}

function stalled(): ApiError {
  const message = "The AI provider's stream stalled before the response was complete";
  return new ApiError(504, "AI_UPSTREAM_UNAVAILABLE", message);
}

function endless(): ApiError {
  return new ApiError(504, "AI_UPSTREAM_UNAVAILABLE", "The stream took longer than allowed");
}
