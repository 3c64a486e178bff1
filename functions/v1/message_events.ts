/**
 * A message of Anthropic's API as the events of a stream, and back: for servers that respond with one
 * where the other was requested.
 */
import { type Fields, toText } from "../../shared/fields.ts";
import { findError } from "../../shared/gateway/upstream_error.ts";

/** The fields of a block that arrive in pieces, by the type of the piece. */
const PIECES = new Map([
  ["text_delta", "text"],
  ["thinking_delta", "thinking"],
  ["signature_delta", "signature"],
]);

/** The events of a complete message, one delta per field. */
export function splitMessage(message: Fields): Fields[] {
  const { content, stop_reason = null, stop_sequence = null, usage } = message;
  const start = { ...message, content: [], stop_reason: null, stop_sequence: null };
  return [
    { type: "message_start", message: start },
    ...toObjects(content).flatMap(splitBlock),
    { type: "message_delta", delta: { stop_reason, stop_sequence }, usage },
    { type: "message_stop" },
  ];
}

/** The message that the events of a stream add up to; an error in one of them is kept. */
export function joinEvents(events: Fields[]): Fields | undefined {
  const failed = events.find((event) => findError(event));
  if (failed) return failed;
  const start = events.find(({ type }) => type === "message_start");
  if (!start) return undefined;
  const message = Object(start.message) as Fields;
  const ends = events.filter(({ type }) => type === "message_delta");
  const usages = [message, ...ends].map(({ usage }) => usage);
  return Object.assign({}, message, ...ends.map(({ delta }) => delta), {
    content: joinBlocks(events),
    usage: Object.assign({}, ...usages),
  });
}

function splitBlock(block: Fields, index: number): Fields[] {
  const { type, input } = block;
  const deltas = [...PIECES].filter(([, field]) => block[field])
    .map(([type, field]) => ({ type, [field]: block[field] }));
  const emptied = Object.fromEntries(
    [...PIECES.values()].flatMap((field) => field in block ? [[field, ""]] : []),
  );
  const isCall = /tool_use$/.test(toText(type));
  const content_block = { ...block, ...emptied, ...(isCall && { input: {} }) };
  const call = { type: "input_json_delta", partial_json: JSON.stringify(input ?? {}) };
  return [
    { type: "content_block_start", index, content_block },
    ...(isCall ? [call] : deltas).map((delta) => ({ type: "content_block_delta", index, delta })),
    { type: "content_block_stop", index },
  ];
}

function joinBlocks(events: Fields[]): Fields[] {
  const blocks = new Map<unknown, Fields>();
  const inputs = new Map<Fields, string>();
  for (const { type, index, content_block, delta } of events) {
    if (type === "content_block_start") blocks.set(index, { ...Object(content_block) });
    const block = blocks.get(index);
    if (type !== "content_block_delta" || !block) continue;
    const piece = Object(delta) as Fields;
    const field = PIECES.get(toText(piece.type));
    if (field) block[field] = toText(block[field]) + toText(piece[field]);
    if (piece.citation) block.citations = [...toObjects(block.citations), piece.citation];
    if (piece.type === "input_json_delta") {
      inputs.set(block, (inputs.get(block) ?? "") + toText(piece.partial_json));
    }
  }
  for (const [block, json] of inputs) if (json) block.input = parseInput(json);
  return [...blocks.values()];
}

/** The input of a tool; the text itself when the output limit cut it. */
function parseInput(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}

function toObjects(value: unknown): Fields[] {
  if (!Array.isArray(value)) return [];
  return value.filter((item) => typeof item === "object" && item !== null);
}
