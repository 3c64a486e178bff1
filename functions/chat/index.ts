/** One whole answer to a prompt or a conversation. https://openrouter.ai/docs/api-reference/chat-completion */
import { createApp } from "../../shared/app.ts";
import { requireUser } from "../../shared/auth.ts";
import { MAX_IMAGE_BODY_BYTES, readBody } from "../../shared/body.ts";
import { type ChatRequest, chatRequest, toCompletionParams } from "../../shared/conversation.ts";
import { invalidInput } from "../../shared/errors.ts";
import { createCompletion, type Message } from "../../shared/openrouter.ts";

const { app, handler } = createApp("chat");
export default handler;

app.post("/", async (c) => {
  const call = c.env;
  await requireUser(call);
  const request = await readBody(call, chatRequest, MAX_IMAGE_BODY_BYTES);
  requireOnePiece(request);
  const completion = await createCompletion(call, toCompletionParams(request, call.settings));
  const [{ finish_reason, message }] = completion.choices;
  return c.json({
    id: completion.id,
    model: completion.model,
    text: message.content ?? "",
    finish_reason,
    ...toAdditions(message),
    usage: completion.usage,
  });
});

/** Refuses what one whole answer cannot hold. */
function requireOnePiece({ stream, n, modalities }: ChatRequest): void {
  if (stream) throw invalidInput('"stream" must be false here; the function "stream" streams');
  if ((n ?? 1) !== 1) throw invalidInput('"n" must be 1: the answer holds one text');
  if (Array.isArray(modalities) && modalities.includes("audio")) {
    throw invalidInput('"modalities" must not hold "audio" here; the function "stream" streams it');
  }
}

/** Tool calls, reasoning, annotations, images and what else came with the text, without blanks. */
function toAdditions(
  { content: _text, role: _assistant, ...additions }: Message,
): Partial<Message> {
  const filled = Object.entries(additions).filter(([, value]) =>
    Array.isArray(value) ? value.length > 0 : (value ?? null) !== null
  );
  return Object.fromEntries(filled);
}
