/** The text of a streamed chat completion, without the events that carry it. */
import { unusable } from "../gateway/failures.ts";
import type { ByteSource } from "../http/event_stream.ts";
import { readData, splitEvents } from "../http/sse.ts";
import type { Chunk } from "./completions.ts";
import { toContentText } from "./messages.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Converts the events of a chat completion to the text of its first choice. Reasoning, tool calls
 * and all other fields are left out.
 *
 * @param events whole events, as `streamCompletion` delivers them.
 * @returns UTF-8. Its `read` rejects after the last text when the events end with an error event.
 */
export function toPlainText(events: ByteSource): ByteSource {
  let hasFailed = false;
  return {
    async read() {
      while (!hasFailed) {
        const bytes = await events.read();
        if (!bytes) return undefined;
        const pieces = splitEvents(bytes).map(readPiece);
        hasFailed = pieces.includes(undefined);
        const text = pieces.join("");
        if (text !== "") return encoder.encode(text);
      }
      throw unusable("The AI provider failed before the end of the answer");
    },
    cancel: () => events.cancel(),
    abandoned: events.abandoned,
  };
}

/** The text in one event; undefined in an error event. */
function readPiece(event: Uint8Array): string | undefined {
  const data = readData(decoder.decode(event));
  if (data === undefined || data === "[DONE]") return "";
  const { choices, error } = Object(parse(data)) as Chunk & { error?: unknown };
  if (!Array.isArray(choices)) return error ? undefined : "";
  const first = choices.find((choice) => (Object(choice).index ?? 0) === 0);
  return toContentText(first?.delta?.content);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
