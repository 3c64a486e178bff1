/** An AI provider on 127.0.0.1 that plays the replies of a case. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One write of an event stream: an event, raw text, a pause, or the end of the connection. */
type Write = string | { wait: number } | { destroy: true } | Record<string, unknown>;

/** How the provider responds to one request. */
export interface CaseReply {
  status?: number;
  headers?: Record<string, string>;
  json?: unknown;
  body?: string;
  events?: Write[];
  /** An event stream that is written one character at a time. */
  trickle?: string;
  /** Milliseconds before the response begins. */
  delay?: number;
  /** Closes the connection without a response. */
  destroy?: true;
  /** Chooses a reply by a text in the request. */
  when?: ({ contains: string; reply: CaseReply } | { otherwise: true; reply: CaseReply })[];
}

/** A running provider; disposing of it closes every connection. */
export interface Provider extends AsyncDisposable {
  /** The value of `OPENROUTER_BASE_URL`. */
  url: string;
  /** The bodies of the requests received since the replies were set. */
  requests: string[];
  /** Sets other replies, and forgets the requests. */
  play(replies: CaseReply[]): void;
}

/** Starts a provider that plays the replies in turn; the last one repeats. */
export async function createProvider(replies: CaseReply[] = []): Promise<Provider> {
  let current = replies;
  let requests: string[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const body = await readBody(incoming);
    const index = Math.min(requests.push(body), current.length) - 1;
    await play(outgoing, choose(current[index] ?? { status: 404 }, body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/api/v1`,
    get requests() {
      return requests;
    },
    play(replies) {
      current = replies;
      requests = [];
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function readBody(incoming: IncomingMessage): Promise<string> {
  return new Response(ReadableStream.from(incoming) as ReadableStream).text();
}

function choose(reply: CaseReply, body: string): CaseReply {
  const found = reply.when?.find((choice) =>
    !("contains" in choice) || body.includes(choice.contains)
  );
  return found?.reply ?? reply;
}

/** The bytes of a reply, as text. */
export function toText({ json, body = JSON.stringify(json), events, trickle }: CaseReply): string {
  return trickle ?? events?.map(toWritten).join("") ?? body ?? "";
}

async function play(outgoing: ServerResponse, reply: CaseReply): Promise<void> {
  const { status = 200, headers, json, events, trickle, delay, destroy } = reply;
  if (delay) await pause(delay);
  if (destroy) return void outgoing.destroy();
  const type = events || trickle
    ? "text/event-stream"
    : json === undefined
    ? "text/plain"
    : "application/json";
  outgoing.writeHead(status, { "content-type": type, ...headers });
  for (const write of events ?? (trickle ? [...trickle] : [toText(reply)])) {
    if (typeof write === "object" && "destroy" in write) return void outgoing.destroy();
    if (typeof write === "object" && "wait" in write) await pause(write.wait as number);
    outgoing.write(toWritten(write));
    if (trickle) await pause(1); // characters written in one turn would arrive as one piece
  }
  outgoing.end();
}

function toWritten(write: Write): string {
  if (typeof write === "string") return write;
  return "wait" in write || "destroy" in write ? "" : `data: ${JSON.stringify(write)}\n\n`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
