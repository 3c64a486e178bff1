/**
 * For the tests of an app's own functions: a model that gives prepared answers, the app's rows, and a
 * signed-in user.
 *
 * @example
 * ```ts
 * await using sandbox = await startSandbox({ answers: ["Bonjour"] });
 * const { status, body } = await sandbox.call(translate, { text: "Good morning", to: "French" });
 * ```
 *
 * @module
 */
import { SignJWT } from "jose";
import type { EdgeFunction } from "../shared/http/handler.ts";
import type { Fields } from "../shared/fields.ts";

/** What the functions of a test meet. */
export interface SandboxOptions {
  /** What the model answers, one text per request. After the last one it repeats the prompt. */
  answers?: string[];
  /** The rows of each table that the user may read. Filters of a query do not apply. */
  rows?: Record<string, Fields[]>;
  /** Settings of the functions, such as `USER_REQUESTS_PER_MINUTE`. */
  settings?: Record<string, string>;
}

/** A response of a function. */
export interface SandboxResponse {
  status: number;
  headers: Headers;
  /** The parsed JSON; undefined when the body is not JSON. */
  // deno-lint-ignore no-explicit-any
  body: any;
  /** The body as text, such as the events of a stream. */
  text: string;
}

/** A running sandbox. Disposing it stops its server. */
export interface Sandbox extends AsyncDisposable {
  /** The bodies of the requests to the model, the newest last. */
  // deno-lint-ignore no-explicit-any
  requests: any[];
  /**
   * Calls a function as the signed-in user.
   *
   * @param body the request's JSON.
   */
  call(handler: EdgeFunction, body: unknown): Promise<SandboxResponse>;
}

const JWT_SECRET = "the-secret-of-the-sandbox-0123456789";
const USER_ID = "00000000-0000-4000-8000-000000000001";

/** Starts a sandbox for one test. */
export async function startSandbox(
  { answers = [], rows = {}, settings = {} }: SandboxOptions = {},
): Promise<Sandbox> {
  const requests: Fields[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      const [, table] = /^\/api\/database\/records\/([^/]+)$/.exec(pathname) ?? [];
      if (table !== undefined) return toRows(rows[decodeURIComponent(table)], table);
      if (pathname !== "/api/v1/chat/completions") return new Response(null, { status: 404 });
      const body: Fields = await request.json();
      const answer = answers[requests.push(body) - 1] ?? JSON.stringify(body.messages);
      return body.stream ? toEvents(answer) : Response.json(toCompletion(answer));
    },
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  const all: Record<string, string> = {
    INSFORGE_BASE_URL: url,
    OPENROUTER_BASE_URL: `${url}/api/v1`,
    OPENROUTER_API_KEY: "sk-or-v1-sandbox",
    ANON_KEY: "anon_sandbox",
    JWT_SECRET,
    ...settings,
  };
  const token = await createToken();
  return {
    requests,
    async call(handler, body) {
      const request = new Request("http://functions.test/", {
        method: "POST",
        headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      const response = await handler(request, { get: (name) => all[name] });
      const { status, headers } = response;
      const text = await response.text();
      const isJson = headers.get("content-type")?.startsWith("application/json");
      return { status, headers, text, body: isJson ? JSON.parse(text) : undefined };
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function createToken(): Promise<string> {
  const claims = { sub: USER_ID, email: "user@example.com", role: "authenticated" };
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).setIssuedAt()
    .setExpirationTime("15m").sign(new TextEncoder().encode(JWT_SECRET));
}

function toRows(rows: Fields[] | undefined, table: string): Response {
  if (rows) return Response.json(rows);
  const message = `Could not find the table 'public.${table}' in the schema cache`;
  return Response.json({ code: "PGRST205", message, details: null, hint: null }, { status: 404 });
}

const COMPLETION = { id: "gen-sandbox", model: "sandbox/model", created: 0, provider: "Sandbox" };
const USAGE = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, cost: 0.0001 };

function toCompletion(content: string): Fields {
  const message = { role: "assistant", content };
  const choices = [{ index: 0, finish_reason: "stop", native_finish_reason: "stop", message }];
  return { ...COMPLETION, object: "chat.completion", choices, usage: USAGE };
}

/** A stream with one event per word. */
function toEvents(answer: string): Response {
  const chunk = (fields: Fields) => ({ ...COMPLETION, object: "chat.completion.chunk", ...fields });
  const events = [
    ...answer.split(/(?<= )/).map((content) =>
      chunk({ choices: [{ index: 0, delta: { role: "assistant", content }, finish_reason: null }] })
    ),
    chunk({ choices: [{ index: 0, delta: { content: "" }, finish_reason: "stop" }], usage: USAGE }),
  ];
  const text = [...events.map((event) => JSON.stringify(event)), "[DONE]"]
    .map((data) => `data: ${data}\n\n`).join("");
  return new Response(text, { headers: { "Content-Type": "text/event-stream" } });
}
