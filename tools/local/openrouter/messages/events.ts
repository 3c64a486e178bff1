/** A message as the events of a stream: each block starts, grows and stops. */
import type { Chunk } from "../chat/chunks.ts";
import { countTokens, toTokens } from "../chat/tokens.ts";
import type { Answer } from "../chat/answer.ts";
import type { Block, ModelMessage } from "./message.ts";

/** Returns the events of the whole message. */
export function toEvents(message: ModelMessage, { spending, reasoning }: Answer): Chunk[] {
  const { content, stop_reason, stop_sequence, usage } = message;
  const { input_tokens } = Object(usage);
  const begun = {
    ...message,
    content: [],
    stop_reason: null,
    ...(usage ? { usage: { input_tokens, output_tokens: 1 } } : {}),
  };
  const hidden = (spending.reasoningTokens ?? 0) - reasoning.length;
  return [
    toEvent({ type: "message_start", message: begun }, hidden),
    toEvent({ type: "ping" }),
    ...content.flatMap(toBlockEvents),
    toEvent({ type: "message_delta", delta: { stop_reason, stop_sequence }, usage }),
    toEvent({ type: "message_stop" }),
  ];
}

function toBlockEvents(block: Block, index: number): Chunk[] {
  const { text, thinking, signature, input } = block;
  const empty = { ...block, ...toEmpty(block) };
  const deltas = [
    ...toTokens(text ?? "").map((text) => ({ type: "text_delta", text })),
    ...toTokens(thinking ?? "").map((thinking) => ({ type: "thinking_delta", thinking })),
    ...(signature ? [{ type: "signature_delta", signature }] : []),
    ...(input ? toTokens(JSON.stringify(input)) : [])
      .map((partial_json) => ({ type: "input_json_delta", partial_json })),
  ];
  return [
    toEvent({ type: "content_block_start", index, content_block: empty }),
    ...deltas.map((delta) =>
      toEvent({ type: "content_block_delta", index, delta }, countTokens(Object.values(delta)[1]!))
    ),
    toEvent({ type: "content_block_stop", index }),
  ];
}

/** Returns the fields that a block starts with and that grow later. */
function toEmpty({ type }: Block): Partial<Block> {
  if (type === "tool_use") return { input: {} };
  return type === "text" ? { text: "" } : { thinking: "", signature: "" };
}

function toEvent(body: Record<string, unknown>, tokens = 0): Chunk {
  return { body, tokens };
}
