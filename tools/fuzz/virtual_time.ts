/** Timers that a program fires itself, so that a case with a deadline of a minute takes no time. */
import { setImmediate } from "node:timers";

/** The longest that a case may take on the virtual clock: the longest stream, and some. */
const LONGEST_CASE_MS = 15 * 60_000;
/** Turns of the event loop without progress after which a case can only wait for a timer. */
const IDLE_TURNS = 12;

interface Timer {
  at: number;
  callback: () => void;
  /** A deadline of `AbortSignal.timeout`, which keeps no process alive. */
  isSignal: boolean;
}

/** Replaces the timers of this thread. Nothing fires unless {@link VirtualTime.finish} waits. */
export class VirtualTime {
  #now = 1_000;
  #nextId = 1;
  #busy = 0;
  readonly #timers = new Map<number, Timer>();

  constructor() {
    const { subtle } = crypto;
    Object.assign(globalThis, {
      setTimeout: (callback: (...values: unknown[]) => void, ms = 0, ...values: unknown[]) =>
        this.#add(ms, () => callback(...values)),
      clearTimeout: (id?: number) => void this.#timers.delete(Number(id)),
    });
    performance.now = () => this.#now;
    AbortSignal.timeout = (ms) => {
      const controller = new AbortController();
      const reason = new DOMException("Signal timed out.", "TimeoutError");
      this.#add(ms, () => controller.abort(reason), true);
      return controller.signal;
    };
    // Cryptography runs on other threads. No timer may fire while it is at work.
    for (const name of ["digest", "sign", "verify", "encrypt", "decrypt", "importKey"] as const) {
      const method = subtle[name] as (...values: unknown[]) => Promise<unknown>;
      Object.defineProperty(subtle, name, {
        value: (...values: unknown[]) => this.#count(method.apply(subtle, values)),
      });
    }
  }

  /**
   * Waits for `work`, and fires the next timer whenever nothing else can go on.
   *
   * @throws {Error} when `work` waits for nothing, or for longer than 15 virtual minutes.
   */
  async finish<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const settle = () => void (isDone = true);
    work.then(settle, settle);
    const startedAt = this.#now;
    for (let idle = 0; !isDone; idle++) {
      await turn();
      if (this.#busy > 0) idle = 0;
      if (isDone || idle < IDLE_TURNS) continue;
      idle = 0;
      if (!this.#fireNext()) throw new Error("The case hangs: no timer is set that could end it");
      if (this.#now - startedAt > LONGEST_CASE_MS) throw new Error("The case never ends");
    }
    return await work;
  }

  /** Lets pending work run, then forgets all timers; returns how many would keep a process alive. */
  async clear(): Promise<number> {
    for (let i = 0; i < IDLE_TURNS; i++) await turn();
    const left = [...this.#timers.values()].filter(({ isSignal }) => !isSignal).length;
    this.#timers.clear();
    return left;
  }

  #add(ms: number, callback: () => void, isSignal = false): number {
    const id = this.#nextId++;
    this.#timers.set(id, { at: this.#now + Math.max(0, Number(ms) || 0), callback, isSignal });
    return id;
  }

  #fireNext(): boolean {
    let next: [number, Timer] | undefined;
    for (const entry of this.#timers) if (!next || entry[1].at < next[1].at) next = entry;
    if (!next) return false;
    const [id, { at, callback }] = next;
    this.#timers.delete(id);
    this.#now = Math.max(this.#now, at);
    callback();
    return true;
  }

  async #count<T>(work: Promise<T>): Promise<T> {
    this.#busy++;
    try {
      return await work;
    } finally {
      this.#busy--;
    }
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
