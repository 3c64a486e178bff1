/** A route with Vercel's AI SDK, as its documentation shows it. No user is checked. */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, type ModelMessage, streamText } from "ai";
import { reportToParent } from "../parent.ts";

const provider = createOpenAICompatible({
  name: "bench",
  baseURL: Deno.args[0]!,
  apiKey: "sk-or-v1-bench",
});

interface Body {
  model: string;
  messages: ModelMessage[];
  temperature: number;
  stream?: boolean;
}

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
  const { model, messages, temperature, stream }: Body = await request.json();
  const call = {
    model: provider.chatModel(model),
    messages,
    temperature,
    allowSystemInMessages: true,
    abortSignal: request.signal,
  };
  if (stream) return streamText(call).toUIMessageStreamResponse();
  const { text, finishReason, usage } = await generateText(call);
  return Response.json({ text, finishReason, usage });
});

await reportToParent(server.addr.port);
