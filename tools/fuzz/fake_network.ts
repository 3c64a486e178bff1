/** A `fetch` that answers from a script, in this thread: no case reaches a network. */

/** One scripted response. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  /** The body, in the pieces in which it arrives. */
  pieces: Uint8Array[];
  /** How the body ends: complete, by a broken connection, or never. */
  end: "close" | "cut" | "hang";
}

/**
 * What happens to one request: it is answered, no connection is made, the connection breaks after the
 * request was sent, or nothing ever comes.
 */
export type Fate = Reply | "refused" | "reset" | "silent";

/** Statuses of responses without a body, whatever the pieces of the reply are. */
export const BODILESS = [204, 205, 304];

/** A server by the beginning of its URL. */
export interface Server {
  url: string;
  /** Decides about one request, by its path and body. */
  decide(request: { method: string; path: string; body: string }): Fate;
}

/** Replaces `fetch` of this thread. */
export class FakeNetwork {
  /** Requests that have neither ended nor been aborted. */
  open = 0;
  /** URLs that no server of the case has. */
  readonly strangers: string[] = [];
  servers: Server[] = [];
  readonly #fetch = globalThis.fetch;

  constructor() {
    globalThis.fetch = (input, init) => this.#answer(new Request(input, init), init?.signal);
  }

  async #answer(request: Request, signal?: AbortSignal | null): Promise<Response> {
    const { url, method } = request;
    if (url.startsWith("data:")) return await this.#fetch(url);
    signal?.throwIfAborted();
    const server = this.servers.find((server) => url.startsWith(server.url));
    if (!server) this.strangers.push(url);
    const connection = new Connection(signal ?? undefined, (change) => void (this.open += change));
    const body = await request.text();
    const path = url.slice(server?.url.length);
    return await connection.respond(server?.decide({ method, path, body }) ?? "refused");
  }
}

/** One request on its way. It ends once: complete, broken, or aborted by the client. */
class Connection {
  readonly #aborted = Promise.withResolvers<never>();
  readonly #signal: AbortSignal | undefined;
  readonly #count: (change: number) => void;
  #isOpen = true;

  constructor(signal: AbortSignal | undefined, count: (change: number) => void) {
    this.#signal = signal;
    this.#count = count;
    count(1);
    this.#aborted.promise.catch(() => {}); // not every response is still waited for
    signal?.addEventListener("abort", this.#abort);
    if (signal?.aborted) this.#abort();
  }

  readonly #abort = () => {
    this.#end();
    this.#aborted.reject(this.#signal?.reason);
  };

  #end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#count(-1);
  }

  async respond(fate: Fate): Promise<Response> {
    if (fate === "silent") return await this.#aborted.promise;
    await Promise.race([Promise.resolve(), this.#aborted.promise]);
    if (fate === "refused" || fate === "reset") {
      this.#end();
      throw new TypeError(fate === "reset" ? BROKEN : "client error (Connect): connection refused");
    }
    const { status, headers } = fate;
    const isBodiless = BODILESS.includes(status);
    if (isBodiless) this.#end();
    return new Response(isBodiless ? null : this.#toBody(fate), { status, headers });
  }

  #toBody({ pieces, end }: Reply): ReadableStream<Uint8Array> {
    const waiting = pieces.values().filter(({ length }) => length > 0);
    return new ReadableStream({
      type: "bytes",
      pull: async (controller) => {
        if (!this.#isOpen) throw this.#signal?.reason ?? new TypeError(BROKEN);
        const { value: piece } = waiting.next();
        if (piece) return controller.enqueue(piece.slice());
        if (end === "hang") return await this.#aborted.promise;
        this.#end();
        if (end === "cut") throw new TypeError(BROKEN);
        controller.close();
        controller.byobRequest?.respond(0);
      },
      cancel: () => this.#end(),
    }, { highWaterMark: 0 });
  }
}

const BROKEN = "error reading a body from connection: connection closed before message completed";
