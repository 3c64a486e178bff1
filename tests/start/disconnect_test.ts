/** What happens at the gateway when a caller closes its connection before the response begins. */
import { assertEquals } from "@std/assert";
import { startStack } from "../../tools/local/stack.ts";
import { startStandalone } from "../../tools/start/standalone.ts";
import { createEnvironment, TOKEN } from "../support/caller.ts";
import { openConnection } from "../support/connection.ts";
import { createUpstream, type Received } from "../support/upstream.ts";

/** Sizes of a request; a kilobyte is where `Deno.serve` stops noticing. */
const SIZES = [100, 2_000, 70_000, 1_000_000];

/** Requests that ask the gateway once, by path. */
const REQUESTS: Record<string, Record<string, unknown>> = {
  "/chat": {},
  "/stream": {},
  "/v1/chat/completions": {},
  "/legacy-compat/ai/chat/completion": { model: "openai/gpt-4o-mini" },
};

const HOSTS: Record<string, (openrouterUrl: string) => Promise<Host>> = {
  start: async (OPENROUTER_BASE_URL) => {
    const server = await startStandalone(createEnvironment({ OPENROUTER_BASE_URL, PORT: "0" }));
    return { url: server.url, stop: server.stop };
  },
  serve: async (OPENROUTER_BASE_URL) => {
    const stack = await startStack(createEnvironment({ OPENROUTER_BASE_URL, PORT: "0" }));
    return { url: stack.functionsUrl, stop: async () => await stack[Symbol.asyncDispose]() };
  },
};

interface Host {
  url: string;
  stop(): Promise<void>;
}

for (const [task, start] of Object.entries(HOSTS)) {
  const name = `closes the gateway's connection when the caller closes its own, under ${task}`;
  Deno.test(name, { timeout: 60_000 }, async () => {
    await using upstream = await createUpstream();
    const host = await start(upstream.url);
    try {
      for (const [path, fields] of Object.entries(REQUESTS)) {
        for (const size of SIZES) {
          const arrived = Promise.withResolvers<Received>();
          upstream.reply((request) => {
            arrived.resolve(request);
            return { sse: [], end: "hang" };
          });
          const content = "a".repeat(size);
          const body = JSON.stringify({ ...fields, messages: [{ role: "user", content }] });
          const connection = await openConnection(host.url, toHead(path, body.length));
          // In a TCP segment of its own, as most clients send it.
          await connection.write(body);
          const { cancelled } = await arrived.promise;
          connection[Symbol.dispose]();
          assertEquals(await cancelled, true, `${path}, ${size} bytes`);
        }
      }
    } finally {
      await host.stop();
    }
  });
}

function toHead(path: string, length: number): string {
  return [
    `POST ${path} HTTP/1.1`,
    "Host: functions.test",
    `Authorization: Bearer ${TOKEN}`,
    "Content-Type: application/json",
    `Content-Length: ${length}`,
    "",
    "",
  ].join("\r\n");
}
