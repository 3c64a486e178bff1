/**
 * The HTTP server of `deno task start` and `deno task serve`.
 *
 * It is `node:http` and not `Deno.serve`, because `Deno.serve` (2.9.6) does not notice that a caller
 * closes its connection before the response when the request is larger than about a kilobyte: the
 * call to the model would run on, and be paid for.
 */
import { createAdaptorServer } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { trackConnections } from "./connections.ts";
import { sendResponse } from "./node_response.ts";
import { toServerUrl } from "./server_url.ts";

/** Answers one request. */
export type Handler = (request: Request) => Response | Promise<Response>;

/** A running server. */
export interface FunctionServer {
  url: string;
  /** Accepts no new connection, and settles when every running response has ended. */
  stop(): Promise<void>;
  /** Ends every connection at once. */
  close(): Promise<void>;
}

/** Where a server listens. */
export interface ListenOptions {
  hostname: string;
  /** 0 takes any free port. */
  port: number;
  /** How long a stopping server waits for a caller to send or to read more. */
  graceMs?: number;
}

/** How long a connection may idle: longer than load balancers keep theirs, so that they close first. */
const KEEP_ALIVE_MS = 75_000;
/** How long a caller may take to send the headers of a request. */
const HEADERS_MS = 30_000;
/** How long a stopping server waits for a caller to finish its request, or to read on. */
const GRACE_MS = 4_000;

/**
 * Starts a server.
 *
 * `request.signal` is aborted when the caller closes the connection, whatever the size of the
 * request.
 *
 * @returns once it listens.
 * @throws {Error} when it cannot listen there; see {@link describeListenFailure}.
 */
export async function startServer(
  handler: Handler,
  { hostname, port, graceMs = GRACE_MS }: ListenOptions,
): Promise<FunctionServer> {
  const calls = new Set<Promise<unknown>>();
  const server = createAdaptorServer({
    fetch: async (request, { outgoing }) => {
      const call = answer(request, handler, outgoing as ServerResponse);
      calls.add(call);
      await call;
      calls.delete(call);
      return RESPONSE_ALREADY_SENT;
    },
    overrideGlobalObjects: false,
    autoCleanupIncoming: false,
  }) as Server;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.headersTimeout = HEADERS_MS;
  const connections = trackConnections(server);
  // Node's server reports a missing permission as an uncaught error; this throws.
  Deno.listen({ hostname, port }).close();
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject);
    server.listen(port, hostname, resolve);
  });
  const { address, port: bound } = server.address() as AddressInfo;
  const closed = new Promise<void>((resolve) => server.once("close", resolve));
  return {
    url: toServerUrl({ hostname: address, port: bound }),
    stop: async () => {
      server.close();
      const timer = connections.drain(graceMs);
      await closed;
      clearInterval(timer);
      await settle(calls, graceMs);
    },
    close: async () => {
      server.close();
      connections.destroy();
      await closed;
      await settle(calls, graceMs);
    },
  };
}

/** Handles one request to its end; never rejects. */
async function answer(
  request: Request,
  handler: Handler,
  outgoing: ServerResponse,
): Promise<void> {
  try {
    await sendResponse(await handler(request), outgoing);
  } catch {
    // The body failed, or the handler, which renders its failures itself: the caller must not take
    // what it got for a whole response.
    outgoing.destroy();
  }
}

/** Waits for calls whose connection was closed, because they still record their cost. */
async function settle(calls: Set<Promise<unknown>>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise((resolve) => timer = setTimeout(resolve, ms));
  await Promise.race([Promise.all(calls), deadline]);
  clearTimeout(timer);
}

/**
 * Says why a server could not listen, in the words of the setting to change.
 *
 * @param error what {@link startServer} threw.
 * @param setting the setting that holds the port.
 */
export function describeListenFailure(
  error: unknown,
  { hostname, port }: ListenOptions,
  setting: string,
): Error {
  const { message } = error as Error;
  return new Error(
    error instanceof Deno.errors.AddrInUse
      ? `Port ${port} is in use; set ${setting} to a free one`
      : `The server cannot listen at HOST ${hostname}, ${setting} ${port}: ${message}`,
    { cause: error },
  );
}
