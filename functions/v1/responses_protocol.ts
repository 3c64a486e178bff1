/**
 * The events of OpenAI's Responses.
 * https://platform.openai.com/docs/api-reference/responses-streaming
 */
import type { ApiError } from "../../shared/errors.ts";
import { type Fields, toText } from "../../shared/fields.ts";
import { findError } from "../../shared/gateway/upstream_error.ts";
import type { Protocol, StreamReader, Verdict } from "../../shared/openrouter/protocol.ts";
import type { TokenUsage } from "../../shared/token_usage.ts";

/** How Responses are read. */
export const responsesProtocol: Protocol = {
  createReader,
  toEvents(response) {
    if (findError(response)) return [toEndEvent(response, "response.failed")];
    return Array.isArray(response.output) ? [toEndEvent(response, "response.completed")] : [];
  },
  toResponse: (events) => events.findLast(({ type }) => isEnd(type))?.response as Fields,
};

/**
 * A `.delta` event has a piece of the output. All others repeat pieces, frame them, or end the
 * stream.
 */
const OTHER_THAN_PIECE =
  /"type"\s*:\s*"(?:error|response\.(?![\w.]+\.delta"))|"error"\s*:\s*[^\sn]/;

/** Reads a complete response; an item with text or a call is output. */
export function readResponse(response: Fields): Verdict {
  const { id, model, usage, output, status } = response;
  return {
    id,
    model,
    usage: usage as TokenUsage | null | undefined,
    hasOutput: Array.isArray(output) && output.some(isOutput),
    finished: status !== "failed",
  };
}

function createReader(): StreamReader {
  let latest = "";
  return {
    read,
    isNotable(text) {
      latest = text;
      return OTHER_THAN_PIECE.test(text);
    },
    toErrorEvent: (error) => toErrorEvent(error, readSequenceNumber(latest) + 1),
  };
}

/** The number of the last event in a text; -1 when it has none. */
function readSequenceNumber(text: string): number {
  return Number([...text.matchAll(/"sequence_number"\s*:\s*(\d+)/g)].at(-1)?.[1] ?? -1);
}

function read(event: Fields): Verdict | undefined {
  const { type } = event;
  const response = Object(event.response) as Fields;
  switch (type) {
    // These events report progress, and do not say how the response will end.
    case "response.created":
    case "response.queued":
    case "response.in_progress":
    case "response.debug":
      return undefined;
    case "response.completed":
    case "response.incomplete":
      return { ...readResponse(response), finished: true, repeats: true };
    case "response.failed":
    case "response.error":
    case "error":
      return { ...readResponse(response), reports: toReport(event, response), repeats: true };
    default:
      // A gateway reports some errors as it does in chat completions, without a type.
      if (findError({ error: event.error })) return { reports: event, repeats: true };
      if (!isFilled(event)) return undefined;
      return { hasOutput: true, repeats: !/\.delta$/.test(toText(type)) };
  }
}

function toReport(event: Fields, response: Fields): Fields {
  const error = response.error ?? event.error ?? event;
  return { error, error_type: event.error_type ?? response.error_type };
}

/** Whether an item has text or is a call; a message without text is neither. */
function isOutput(item: unknown): boolean {
  const { type, content } = Object(item);
  return type !== "message" || Array.isArray(content) && content.some(hasText);
}

function hasText(part: unknown): boolean {
  const { text, refusal } = Object(part);
  return Boolean(text || refusal);
}

/** Whether an event has more than a message, or a part of one, without text. */
function isFilled({ item, part, delta, text, refusal }: Fields): boolean {
  if (item) return isOutput(item);
  return part ? hasText(part) : Boolean(delta ?? text ?? refusal ?? true);
}

function isEnd(type: unknown): boolean {
  return /^response\.(completed|incomplete|failed)$/.test(toText(type));
}

function toEndEvent(response: Fields, type: string): Fields {
  return { type, sequence_number: 0, response };
}

/**
 * OpenAI's `error` event. Its own SDK reads `error`, others the fields beside `type`; the AI SDK 5
 * requires `error.type`, and all require `sequence_number`.
 */
function toErrorEvent({ code, message }: ApiError, sequence_number: number): string {
  const error = { type: "server_error", code, message, param: null };
  return JSON.stringify({ ...error, type: "error", sequence_number, error });
}
