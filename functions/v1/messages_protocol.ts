/**
 * The events of Anthropic's Messages.
 * https://docs.anthropic.com/en/docs/build-with-claude/streaming
 */
import { toAnthropicErrorEvent } from "../../shared/errors.ts";
import { type Fields, toText } from "../../shared/fields.ts";
import { findError } from "../../shared/gateway/upstream_error.ts";
import type { Protocol, StreamReader, Verdict } from "../../shared/openrouter/protocol.ts";
import type { TokenUsage } from "../../shared/token_usage.ts";
import { joinEvents, splitMessage } from "./message_events.ts";

/** How Messages are read. */
export const messagesProtocol: Protocol = {
  createReader,
  toEvents(message) {
    if (findError(message)) return [message];
    return Array.isArray(message.content) ? splitMessage(message) : [];
  },
  toResponse: joinEvents,
  namesEvents: true,
};

/** Deltas and the other events of a block say nothing that matters once there is some output. */
const NOTABLE = /"type"\s*:\s*"(?:error|message_\w+)"|"error"\s*:\s*[^\sn]/;

/** Fields of a block, or of a piece of one, that a model fills. */
const OUTPUT_FIELDS = ["text", "thinking", "signature", "partial_json", "citation"] as const;
/** Blocks that are output only when one of the fields above is filled. */
const TEXTS = /^(text|thinking|(text|thinking|signature|input_json|citations)_delta)$/;

/** Reads a complete message. A turn that the model refused is output, because it was generated. */
export function readMessage({ id, model, usage, content, stop_reason }: Fields): Verdict {
  const hasContent = Array.isArray(content) && content.some(isOutput);
  return {
    id,
    model,
    usage: usage as TokenUsage | null | undefined,
    hasOutput: hasContent || stop_reason === "refusal",
    finished: Boolean(stop_reason),
  };
}

function createReader(): StreamReader {
  let started: Fields = {};
  return {
    read(event) {
      if (event.type !== "message_start") return readEvent(event, started);
      // It has the id and the prompt tokens, and does not say whether anything will be generated.
      started = Object(event.message);
      return undefined;
    },
    isNotable: (text) => NOTABLE.test(text),
    toErrorEvent: toAnthropicErrorEvent,
  };
}

/** Reads an event after the first one. `started` is the message that the stream began with. */
function readEvent(event: Fields, started: Fields): Verdict | undefined {
  const { id, model } = started;
  const { type, delta } = event;
  // A gateway may report an error without a type, as in chat completions.
  if (type === "error" || findError(event)) return { reports: event, repeats: true };
  if (type === "content_block_start" || type === "content_block_delta") {
    if (!isOutput(event.content_block ?? delta)) return undefined;
    return { id, model, hasOutput: true };
  }
  if (type === "message_delta") {
    const { stop_reason } = Object(delta) as Fields;
    // It states the tokens so far; those of the prompt may be in the first event alone.
    const usage = event.usage && { ...Object(started.usage), ...Object(event.usage) };
    return { ...readMessage({ id, model, usage, stop_reason }), repeats: true };
  }
  return type === "message_stop" ? { id, model, finished: true, repeats: true } : undefined;
}

/** Whether a block, or a piece of one, holds something: a block of text starts without any. */
function isOutput(block: unknown): boolean {
  const fields = Object(block) as Fields;
  if (!TEXTS.test(toText(fields.type))) return Object.keys(fields).length > 0;
  return OUTPUT_FIELDS.some((name) => Boolean(fields[name]));
}
