/** Targets for the readers of event streams: every cut of the bytes must give the same events. */
import fc from "fast-check";
import { legacyProtocol } from "../../functions/legacy-compat/lenient.ts";
import { chatProtocol as openAIProtocol } from "../../functions/v1/chat_protocol.ts";
import { messagesProtocol } from "../../functions/v1/messages_protocol.ts";
import { responsesProtocol } from "../../functions/v1/responses_protocol.ts";
import { textProtocol } from "../../functions/v1/text_completions.ts";
import { ApiError } from "../../shared/errors.ts";
import { readOpenRouterError } from "../../shared/gateway/openrouter.ts";
import { EventCutter, joinBytes, readData, splitEvents } from "../../shared/http/sse.ts";
import { chatProtocol } from "../../shared/openrouter/chat_protocol.ts";
import { imageProtocol } from "../../shared/openrouter/image_protocol.ts";
import { parseResponse } from "../../shared/openrouter/json_responses.ts";
import { StreamGuard } from "../../shared/openrouter/stream_guard.ts";
import { chop, streamText } from "./provider_answers.ts";
import { createTarget, type Target } from "./target.ts";
import type { World } from "./world.ts";

const PROTOCOLS = [
  chatProtocol,
  openAIProtocol,
  responsesProtocol,
  messagesProtocol,
  textProtocol,
  imageProtocol,
  legacyProtocol,
];
/** Empty lines between events, and the number of our own error event. */
const INSIGNIFICANT = /[\r\n]+|"sequence_number":\d+/g;
const decoder = new TextDecoder();

const cutText = fc.record({
  text: streamText,
  size: fc.constantFrom(1, 2, 3, 7, 64),
  protocol: fc.nat(PROTOCOLS.length - 1),
});

/** Events, cut anywhere, through the guard of a stream and through the parser of JSON responses. */
export function createStreamTarget(world: World): Target {
  return createTarget("streams", cutText, ({ text, size, protocol }) =>
    world.run(async () => {
      requireSameEvents(text, size);
      parseResponse(text, PROTOCOLS[protocol]);
      requireSameEnd(await guard(chop(text, 0), protocol), await guard(chop(text, size), protocol));
    }));
}

function requireSameEvents(text: string, size: number): void {
  const cutter = new EventCutter();
  const pieces = chop(text, size).flatMap((piece) => cutter.push(piece.slice()) ?? []);
  const events = pieces.flatMap(splitEvents);
  const joined = decoder.decode(joinBytes([...events, cutter.rest()]));
  if (joined !== decoder.decode(joinBytes(chop(text, 0)))) {
    throw new Error(`The events are not the bytes that came: ${joined}`);
  }
  for (const event of events) readData(decoder.decode(event));
}

/** What a caller gets of a stream, and how it ended. */
interface Delivered {
  text: string;
  end: string;
}

/**
 * A stream that fails before its first output has a status, unless an event had been delivered before
 * the failure arrived, and several failures in one read may be found in another order. So the bytes of
 * complete streams are compared, and of others that both fail.
 */
function requireSameEnd(whole: Delivered, cut: Delivered): void {
  const isComplete = whole.end === "complete";
  const isSame = isComplete === (cut.end === "complete") &&
    (!isComplete || whole.text === cut.text);
  if (!isSame) throw new Error(`Whole and cut: ${JSON.stringify([whole, cut])}`);
}

/** Reads a stream to its end. */
async function guard(pieces: Uint8Array[], protocol: number): Promise<Delivered> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) if (piece.length > 0) controller.enqueue(piece.slice());
      controller.close();
    },
  });
  const headers = { "content-type": "text/event-stream" };
  const guarded = new StreamGuard(new Response(body, { headers }), {
    protocol: PROTOCOLS[protocol]!,
    readError: (body) => readOpenRouterError({ status: 200, body }),
    idleMs: 60_000,
    lastsMs: 600_000,
  });
  try {
    await guarded.open();
  } catch (failure) {
    if (!(failure instanceof ApiError)) throw failure;
    return { text: "", end: failure.message };
  }
  const read: Uint8Array[] = [];
  for (let bytes = await guarded.read(); bytes; bytes = await guarded.read()) read.push(bytes);
  const { outcome } = await guarded.ended;
  return {
    text: decoder.decode(joinBytes(read)).replace(INSIGNIFICANT, "\n"),
    end: typeof outcome === "string" ? outcome : outcome.message,
  };
}
