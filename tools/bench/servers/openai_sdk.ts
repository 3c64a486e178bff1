/**
 * The pattern that InsForge's documentation teaches: the OpenAI SDK calls the model, and its objects
 * are serialized again. No user is checked.
 */
import OpenAI from "openai";
import { reportToParent } from "../parent.ts";

const openai = new OpenAI({ baseURL: Deno.args[0], apiKey: "sk-or-v1-bench" });
const encoder = new TextEncoder();

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
  const body: OpenAI.ChatCompletionCreateParams = await request.json();
  if (!body.stream) {
    const completion = await openai.chat.completions.create(body);
    return new Response(JSON.stringify(completion), {
      headers: { "Content-Type": "application/json" },
    });
  }
  const chunks = await openai.chat.completions.create(body);
  const events = new ReadableStream<Uint8Array>({
    async start(controller) {
      for await (const chunk of chunks) {
        controller.enqueue(encoder.encode(`data: ${JSON.stringify(chunk)}\n\n`));
      }
      controller.enqueue(encoder.encode("data: [DONE]\n\n"));
      controller.close();
    },
    cancel: () => chunks.controller.abort(),
  });
  return new Response(events, { headers: { "Content-Type": "text/event-stream" } });
});

await reportToParent(server.addr.port);
