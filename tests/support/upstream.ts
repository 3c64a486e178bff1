/**
 * A scripted OpenRouter on 127.0.0.1, strict in both directions: an unplanned request fails the
 * test, and so does a planned reply that was not fetched. Both are reported when the upstream is
 * disposed.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { assertEquals } from "@std/assert";

/** The response to one request. */
export interface Reply {
  /** Default 200. */
  status?: number;
  headers?: Record<string, string>;
  /** A JSON body. */
  json?: unknown;
  /** A body of any other kind; its content type is in `headers`, or it is plain text. */
  text?: string;
  /** A stream of server-sent events; each string is written separately. */
  sse?: string[];
  /** Writes the stream in pieces of so many bytes, which may cut events and characters. */
  chop?: number;
  /**
   * How the body ends: complete, by a destroyed socket, or not before the client closes the
   * connection.
   */
  end?: "close" | "cut" | "hang";
  /** Destroys the socket without a response. */
  reset?: true;
}

/** A request as it reached the upstream. */
export interface Received {
  method: string;
  path: string;
  headers: Headers;
  // deno-lint-ignore no-explicit-any
  body: any;
  /**
   * Settles when the request is over: true if the client closed the connection before the reply had
   * ended.
   */
  cancelled: Promise<boolean>;
}

/** A scripted upstream. Disposing it stops it, and checks that all planned replies were fetched. */
export interface Upstream extends AsyncDisposable {
  /** The value for `OPENROUTER_BASE_URL`. */
  url: string;
  requests: Received[];
  /** Plans the replies to the next requests, in order. */
  reply(...replies: (Reply | ((request: Received) => Reply | Promise<Reply>))[]): void;
}

/** Starts an upstream on a free port. */
export async function createUpstream(): Promise<Upstream> {
  const requests: Received[] = [];
  const planned: (Reply | ((request: Received) => Reply | Promise<Reply>))[] = [];
  const unplanned: string[] = [];
  const sockets = new Set<Socket>();

  const server = createServer(async (incoming, outgoing) => {
    const cancelled = Promise.withResolvers<boolean>();
    outgoing.on("close", () => cancelled.resolve(!outgoing.writableFinished));
    const request = await receive(incoming, cancelled.promise);
    requests.push(request);
    const plan = planned.shift();
    if (!plan) unplanned.push(`${request.method} ${request.path}`);
    const reply = typeof plan === "function" ? await plan(request) : plan;
    await answer(outgoing, reply ?? { status: 599, json: { error: "unplanned request" } });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`,
    requests,
    reply: (...replies) => planned.push(...replies),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
      await nextTick(); // the client may have read all it wants while a piece still takes its pause
      assertEquals(unplanned, [], "unplanned requests");
      assertEquals(planned.length, 0, "planned replies that were not fetched");
    },
  };
}

async function receive(incoming: IncomingMessage, cancelled: Promise<boolean>): Promise<Received> {
  const text = await new Response(ReadableStream.from(incoming) as ReadableStream).text();
  return {
    method: incoming.method!,
    path: incoming.url!,
    headers: new Headers(incoming.headers as Record<string, string>),
    body: text ? JSON.parse(text) : undefined,
    cancelled,
  };
}

async function answer(outgoing: ServerResponse, reply: Reply): Promise<void> {
  const { status = 200, headers = {}, json, text, sse, chop, end = "close", reset } = reply;
  if (reset) return void outgoing.destroy();
  const kind = sse ? "text/event-stream" : json === undefined ? "text/plain" : "application/json";
  outgoing.writeHead(status, { "content-type": kind, ...headers });
  const pieces = sse ?? [json === undefined ? text ?? "" : JSON.stringify(json)];
  for (const piece of chop ? split(pieces.join(""), chop) : pieces) {
    if (outgoing.destroyed) return;
    await new Promise((resolve) => outgoing.write(piece, resolve));
    // Pieces are sent, and read, one by one.
    if (sse && !outgoing.destroyed) await nextTick();
  }
  if (end === "close") outgoing.end();
  if (end === "cut") outgoing.destroy();
}

function split(text: string, size: number): Uint8Array[] {
  const bytes = new TextEncoder().encode(text);
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

function nextTick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

/**
 * The body of a chat completion as OpenRouter sends it; `message` and `rest` replace or add fields.
 */
export function completion(
  message: Record<string, unknown> = {},
  rest: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    id: "gen-1700000000-abc",
    object: "chat.completion",
    created: 1_700_000_000,
    model: "openai/gpt-4o-mini",
    provider: "OpenAI",
    choices: [{
      index: 0,
      finish_reason: rest.finish_reason ?? "stop",
      native_finish_reason: "stop",
      logprobs: null,
      message: { role: "assistant", content: "Hello!", refusal: null, reasoning: null, ...message },
    }],
    usage: USAGE,
    ...rest,
  };
}

/** Tokens and cost as OpenRouter reports them. */
export const USAGE = {
  prompt_tokens: 10,
  completion_tokens: 5,
  total_tokens: 15,
  cost: 0.0012,
  is_byok: false,
};

/** One chunk of a stream, as an event; `delta` and `rest` replace or add fields. */
export function chunk(
  delta: Record<string, unknown>,
  rest: Record<string, unknown> = {},
  finishReason: string | null = null,
): string {
  const body = {
    id: "gen-1700000000-abc",
    object: "chat.completion.chunk",
    created: 1_700_000_000,
    model: "openai/gpt-4o-mini",
    provider: "OpenAI",
    choices: [{
      index: 0,
      delta: { role: "assistant", content: "", ...delta },
      finish_reason: finishReason,
      native_finish_reason: finishReason,
      logprobs: null,
    }],
    ...rest,
  };
  return `data: ${JSON.stringify(body)}\n\n`;
}

/** OpenRouter's keep-alive comment. */
export const COMMENT = ": OPENROUTER PROCESSING\n\n";
export const DONE = "data: [DONE]\n\n";

/** The events of a complete stream of `words`, with the usage chunk that OpenRouter sends. */
export function streamOf(...words: string[]): string[] {
  return [
    COMMENT,
    ...words.map((content) => chunk({ content })),
    chunk({}, {}, "stop"),
    chunk({}, { usage: USAGE }, "stop"),
    DONE,
  ];
}
