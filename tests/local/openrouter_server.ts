/** A simulated OpenRouter on a real socket, for its tests. */
import OpenAI from "openai";
import {
  createSimulatedOpenRouter,
  type SimulatedOpenRouter,
  type SimulatedOpenRouterOptions,
  type Simulation,
} from "../../tools/local/openrouter/mod.ts";

export const MODEL = "openai/gpt-4o-mini";
const KEY = "sk-or-v1-test";

/** A simulated OpenRouter with its server. */
export interface Server extends SimulatedOpenRouter, AsyncDisposable {
  /** Ends with `/api/v1`. */
  url: string;
  /** OpenAI's SDK for this server, without retries. */
  client: OpenAI;
  get(path: string, key?: string | null): Promise<Response>;
  post(path: string, body: unknown, key?: string | null): Promise<Response>;
  /** Sends a chat with one message. */
  chat(prompt: string, options?: ChatOptions): Promise<Response>;
}

/** Additional fields of the request. */
export type ChatOptions = Record<string, unknown> & { simulate?: Simulation };

/** Starts one on a free port, by default without delays. */
export function serve(options: SimulatedOpenRouterOptions = {}): Server {
  const simulated = createSimulatedOpenRouter({
    chunkDelayMs: 0,
    generationDelayMs: 0,
    ...options,
  });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    simulated.handler,
  );
  const url = `http://127.0.0.1:${server.addr.port}/api/v1`;
  const authorize = (key: string | null): Record<string, string> =>
    key === null ? {} : { Authorization: `Bearer ${key}` };
  const post: Server["post"] = (path, body, key = KEY) =>
    fetch(url + path, {
      method: "POST",
      headers: { ...authorize(key), "Content-Type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  return {
    ...simulated,
    url,
    client: new OpenAI({ apiKey: KEY, baseURL: url, maxRetries: 0 }),
    get: (path, key = KEY) => fetch(url + path, { headers: authorize(key) }),
    post,
    chat: (prompt, fields = {}) =>
      post("/chat/completions", {
        model: MODEL,
        messages: [{ role: "user", content: prompt }],
        ...fields,
      }),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Returns the data of all events of a stream. `[DONE]` stays text. */
// deno-lint-ignore no-explicit-any
export async function readEvents(response: Response): Promise<any[]> {
  const lines = (await response.text()).split("\n").filter((line) => line.startsWith("data: "));
  return lines.map((line) => line === "data: [DONE]" ? "[DONE]" : JSON.parse(line.slice(6)));
}
