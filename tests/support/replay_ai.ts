/**
 * Replays recorded calls of InsForge's deprecated AI routes, by HTTP or through InsForge's SDK,
 * against functions that are served on 127.0.0.1, and reports where responses or upstream requests
 * differ.
 */
import { createClient } from "@insforge/sdk";
import { assert, assertEquals } from "@std/assert";
import type { EdgeFunction } from "../../shared/http/handler.ts";
import { createRouter } from "../../tools/functions.ts";
import { createEnvironment, createToken, TOKEN } from "./caller.ts";
import { createUpstream, type Reply, type Upstream } from "./upstream.ts";

/** One recorded call: what OpenRouter must be sent, and what it responds. */
export interface RecordedCall {
  name: string;
  category: string;
  upstream?: { expect: { method: string; path: string; body?: unknown }; reply: Reply }[];
  /** OpenRouter cannot be reached. */
  upstreamDown?: boolean;
  /** The call that must be replayed directly before this one, on the same stage. */
  after?: string;
}

/** A call by HTTP. */
export interface ProxyCall extends RecordedCall {
  request: {
    method: string;
    path: string;
    credential: string;
    headers?: Record<string, string>;
    body?: unknown;
    rawBody?: string;
  };
  response: {
    status: number;
    headers: Record<string, string>;
    body?: unknown;
    sse?: string[];
    text?: string;
  };
  /**
   * For messages that depend on the JavaScript engine: any text is accepted, or any with a prefix.
   */
  compare?: { bodyMessage?: "any" | "prefix"; errorFrame?: "any" | "prefix"; prefix?: string };
}

/** A call of a method of InsForge's SDK. */
export interface SdkCall extends RecordedCall {
  call: string;
  credential: string;
  args: { stream?: boolean };
  outcome: unknown;
}

/**
 * Where calls are replayed: functions served as on InsForge cloud, with an upstream behind them.
 */
export interface Stage extends AsyncDisposable {
  baseUrl: string;
  upstream: Upstream;
}

const KEYS = { ANON_KEY: "anon_right", API_KEY: "ik_right" };
const [head, claims, signature] = TOKEN.split(".");
const BEARERS: Record<string, string> = {
  user: TOKEN,
  anon: KEYS.ANON_KEY,
  apiKey: KEYS.API_KEY,
  garbage: "not-a-token",
  tampered: [head, claims, (signature![0] === "A" ? "B" : "A") + signature!.slice(1)].join("."),
  expired: await createToken({ iat: 1_700_000_000, exp: 1_700_000_900 }),
  wrongAnon: "anon_wrong0000000000000000000000000",
  wrongApiKey: "ik_wrong000000000000000000000000000",
};
const HEADERS: Record<string, Record<string, string>> = {
  none: {},
  basic: { Authorization: "Basic dXNlcjpwYXNz" },
  lowerBearer: { Authorization: `bearer ${TOKEN}` },
  emptyBearer: { Authorization: "Bearer " },
};

/** Serves `functions` with a scripted upstream; the project's keys are allowed as credentials. */
export async function createStage(
  functions: Map<string, EdgeFunction>,
  { upstreamDown }: { upstreamDown?: boolean } = {},
): Promise<Stage> {
  const upstream = await createUpstream();
  const environment = createEnvironment({
    ...KEYS,
    LEGACY_ALLOW_ANON: "true",
    LEGACY_ALLOW_API_KEY: "true",
    OPENROUTER_BASE_URL: upstreamDown ? "http://127.0.0.1:9/api/v1" : upstream.url,
  });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    createRouter(functions, environment),
  );
  return {
    baseUrl: `http://127.0.0.1:${server.addr.port}`,
    upstream,
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

/** Replays a call by HTTP; throws when anything differs from the recording. */
export async function playProxyCall(recorded: ProxyCall, stage: Stage): Promise<void> {
  const { method, path, credential, headers, body, rawBody } = recorded.request;
  const response = await fetch(stage.baseUrl + path, {
    method,
    headers: {
      ...headers,
      ...HEADERS[credential] ?? { Authorization: `Bearer ${BEARERS[credential]}` },
    },
    body: rawBody ?? (body === undefined ? undefined : JSON.stringify(body)),
  });
  assertAnswer(recorded, response, await response.text());
}

/** Replays a call of the unmodified SDK; throws when its outcome differs from the recording. */
export async function playSdkCall(recorded: SdkCall, { baseUrl }: Stage): Promise<void> {
  const { call, credential, args, outcome } = recorded;
  const isAnon = /anon$/i.test(credential);
  let response: Response | undefined;
  const client = createClient({
    baseUrl,
    fetch: async (...request: Parameters<typeof fetch>) => response = await fetch(...request),
    ...credential !== "none" && { [isAnon ? "anonKey" : "accessToken"]: BEARERS[credential] },
  });
  const [module, ...names] = call.split(".");
  assertEquals(module, "ai");
  const method = names.pop()!;
  // deno-lint-ignore no-explicit-any
  const target = names.reduce((at: any, name) => at[name], client.ai);
  assertEquals(await toOutcome(() => target[method](args)), outcome);
  // The SDK stops reading a stream at {"done":true} without closing it.
  if (!response?.body?.locked) await response?.body?.cancel();
}

/** Checks that the upstream received the recorded requests, and no others. */
export function assertRequests({ upstream: recorded = [] }: RecordedCall, from: Upstream): void {
  const received = from.requests.splice(0);
  assertEquals(
    received.map(({ method, path, body }) => ({ method, path, body })),
    recorded.map(({ expect: { method, path, body } }) => ({ method, path, body })),
  );
}

function assertAnswer({ request, response, compare }: ProxyCall, got: Response, text: string) {
  assertEquals(got.status, response.status, text);
  if (request.method === "OPTIONS") return assertPreflight(got.headers);
  const kind = got.headers.get("Content-Type")?.split(";")[0];
  assertEquals(kind, response.headers["content-type"]!.split(";")[0]);
  if (response.sse) {
    const events = toEvents(text).map((event) => relax(event, compare?.errorFrame, compare));
    const recorded = toEvents(response.sse.join(""));
    assertEquals(events, recorded.map((event) => relax(event, compare?.errorFrame, compare)));
  } else {
    assertEquals(
      relax(JSON.parse(text), compare?.bodyMessage, compare),
      relax(response.body, compare?.bodyMessage, compare),
    );
  }
}

function assertPreflight(headers: Headers): void {
  assertEquals(headers.get("Access-Control-Allow-Origin"), "*");
  assert(headers.get("Access-Control-Allow-Methods")!.includes("POST"));
  assertEquals(headers.get("Access-Control-Allow-Headers"), "authorization,content-type");
}

/** Removes the message where the recording does not require the same text. */
function relax(value: unknown, rule?: "any" | "prefix", { prefix = "" } = {}): unknown {
  const { message, ...rest } = (value ?? {}) as { message?: string };
  if (!rule || !message) return value;
  const isError = "error" in rest;
  return isError && (rule === "any" || message.startsWith(prefix)) ? rest : value;
}

function toEvents(text: string): unknown[] {
  return text.split("\n\n").filter(Boolean).map((event) => {
    assert(event.startsWith("data: "), event);
    return JSON.parse(event.slice(6));
  });
}

/** What the caller of the SDK got, with times replaced as in the recording. */
async function toOutcome(work: () => Promise<unknown>): Promise<unknown> {
  try {
    const result = await work() as AsyncIterable<unknown>;
    if (!(Symbol.asyncIterator in result)) return { value: mask(result) };
    return { chunks: mask(await Array.fromAsync(result)) };
  } catch (thrown) {
    const { name, message, statusCode, error, nextActions } = thrown as Record<string, unknown>;
    return { error: JSON.parse(JSON.stringify({ name, message, statusCode, error, nextActions })) };
  }
}

function mask(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, inner) => {
    if (key === "id" && /^chatcmpl-\d+$/.test(inner)) return "chatcmpl-<millis>";
    return key === "created" && typeof inner === "number" ? "<seconds>" : inner;
  });
}
