/** The parts of a streamed summary. */
import { assertEquals } from "@std/assert";
import { createAiClient } from "../../client/mod.ts";

const FACTS = { table: "t", rows_read: 9, truncated: false, chunks: 2 };
const EVENTS = [
  { progress: { done: 1, of: 2 }, choices: [] },
  { progress: { done: 2, of: 2 }, choices: [] },
  { summary: FACTS, choices: [] },
  { id: "g", model: "m", choices: [{ delta: { content: "Nine" }, finish_reason: "stop" }] },
];

Deno.test("streamSummary yields the progress, then the facts, then the text", async () => {
  const text = [...EVENTS.map((event) => JSON.stringify(event)), "[DONE]"]
    .map((data) => `data: ${data}\n\n`).join("");
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(text, { headers: { "Content-Type": "text/event-stream" } }),
  );
  const functionsUrl = `http://127.0.0.1:${server.addr.port}`;
  const ai = createAiClient({ functionsUrl, getAccessToken: () => "token" });
  assertEquals(await Array.fromAsync(ai.streamSummary({ table: "t" })), [
    { type: "progress", done: 1, of: 2 },
    { type: "progress", done: 2, of: 2 },
    { type: "summary", summary: FACTS as never },
    { type: "text", text: "Nine" },
    { type: "finish", reason: "stop", id: "g", model: "m" },
  ]);
});
