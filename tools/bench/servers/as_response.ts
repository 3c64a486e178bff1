/** The OpenAI SDK's `.asResponse()`: the response is handed over unread. No user is checked. */
import OpenAI from "openai";
import { reportToParent } from "../parent.ts";

const openai = new OpenAI({ baseURL: Deno.args[0], apiKey: "sk-or-v1-bench" });

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
  const body: OpenAI.ChatCompletionCreateParams = await request.json();
  const { status, headers, body: bytes } = await openai.chat.completions.create(body).asResponse();
  return new Response(bytes, {
    status,
    headers: { "Content-Type": headers.get("Content-Type")! },
  });
});

await reportToParent(server.addr.port);
