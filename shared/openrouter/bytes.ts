/** Responses of the gateway that are not JSON, such as audio. */
import { unusable } from "../gateway/failures.ts";
import type { Call } from "../http/call.ts";
import { attempt, openExchanges, type Operation } from "./call.ts";
import { type Exchange, readCharged, sendPaid } from "./charging.ts";
import { logGeneration } from "./generation_log.ts";
import { readFailure } from "./json_responses.ts";
import { readBytes, readGenerationId } from "./send.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });

/** A file that a model generated. */
export interface GeneratedFile {
  /** The media type with its parameters, such as `audio/mpeg`. */
  mediaType: string;
  /** At least one byte. */
  bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Posts a request whose response is a file. The response states no usage: the estimate is charged, and
 * the gateway's record of the generation replaces it later.
 *
 * @returns the whole file, which is held in memory.
 * @throws {ApiError} as `requestJson`; 502 `AI_UPSTREAM_UNAVAILABLE` for an empty response and for one
 *   that is text, whatever its media type is.
 */
export async function requestFile(call: Call, operation: Operation): Promise<GeneratedFile> {
  const [exchange] = await openExchanges(call, [operation]) as [Exchange];
  const { gateway, bill, trace } = exchange;
  const limits = { deadlineMs: call.settings.REQUEST_DEADLINE_MS };
  const file = await attempt(call, exchange, limits, async (signal) => {
    const response = await sendPaid(exchange, signal);
    const generation = { id: readGenerationId(response), model: undefined };
    const charge = () => {
      bill.charge(generation);
      logGeneration(call.log, generation);
      trace?.note(generation);
    };
    const bytes = await readBytes(response, signal).catch((failure) => {
      charge(); // the gateway was at work
      throw failure;
    });
    const mediaType = response.headers.get("content-type");
    if (isText(bytes, mediaType)) {
      const whole = new Response(bytes, { headers: response.headers });
      const value = await readCharged(call, exchange, { response: whole, signal });
      throw readFailure(value, response, gateway) ??
        unusable("The AI provider responded without a file");
    }
    charge();
    if (bytes.length === 0) throw unusable("The AI provider responded with an empty file");
    return { mediaType: mediaType || "application/octet-stream", bytes };
  });
  trace?.end();
  return file;
}

/**
 * Whether a response is text. Servers send errors without a media type, or with that of a file. No file
 * of audio is free of control characters.
 */
function isText(bytes: Uint8Array, mediaType: string | null): boolean {
  if (mediaType && /^text\/|json/.test(mediaType)) return true;
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return false;
  }
  if (/[^\P{Cc}\t\r\n]/u.test(text)) return false;
  return mediaType ? /^\s*(\{|(data|event|id)?:)/.test(text) : text !== "";
}
