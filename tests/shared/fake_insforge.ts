/** A scripted InsForge on 127.0.0.1 that records its requests. */
import { assertEquals, assertRejects } from "@std/assert";
import { ApiError } from "../../shared/errors.ts";
import { createSettings, type Settings } from "../../shared/settings.ts";
import { createEnvironment } from "../support/caller.ts";

/** A request as it reached the server. */
export interface Received {
  /** Method and path, such as `GET /api/auth/sessions/current`. */
  line: string;
  query: URLSearchParams;
  headers: Headers;
  text: string;
}

type Answer = () => Response | Promise<Response>;

/** Starts a server on a free port; it responds 599 to unplanned requests. */
export function createInsForge() {
  const requests: Received[] = [];
  const planned: Answer[] = [];
  const left = Promise.withResolvers<Response>();
  let always: Answer = () => new Response("unplanned request", { status: 599 });

  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const { method, headers } = request;
    const text = await request.text();
    requests.push({ line: `${method} ${pathname}`, query: searchParams, headers, text });
    return await (planned.shift() ?? always)();
  });

  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    requests,
    /** Plans the answer to the next request: JSON, or text as it is. */
    reply: (status: number, body: unknown) => void planned.push(() => toResponse(status, body)),
    /** Answers everything else so. */
    replyAlways: (status: number, body: unknown) => void (always = () => toResponse(status, body)),
    /** Plans a response whose body begins with `text` and does not end. */
    replySlowly(text: string) {
      const body = new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(text));
          left.promise.then(() => controller.close(), () => {});
        },
      });
      planned.push(() => new Response(body));
    },
    /** Answers nothing any more. */
    hang: () => void (always = () => left.promise),
    async [Symbol.asyncDispose]() {
      left.resolve(new Response());
      await server.shutdown();
    },
  };
}

function toResponse(status: number, body: unknown): Response {
  if (status === 204) return new Response(null, { status });
  return typeof body === "string"
    ? new Response(body, { status })
    : Response.json(body, { status });
}

/** Settings that lead to it. */
export function settingsOf({ url }: { url: string }): Settings {
  return createSettings(createEnvironment({ INSFORGE_BASE_URL: url }));
}

/** A query that names columns everywhere. */
export const QUERY = {
  table: "tickets",
  columns: ["subject", "status"],
  filters: [{ column: "status", op: "eq" as const, value: "open" }],
  order: { column: "created_at" },
  limit: 10,
};

/** The body of an error of InsForge's own. */
export function gateway(statusCode: number, error: string) {
  return { error, message: "m", statusCode };
}

/** Fails unless a call fails with such an `ApiError`, which it returns. */
export async function assertFailure(
  promise: Promise<unknown>,
  status: number,
  code: string,
): Promise<ApiError> {
  const error = await assertRejects(() => promise, ApiError);
  assertEquals([error.status, error.code as string], [status, code], error.message);
  return error;
}
