/** A stream of events whose data is changed on its way to the caller. */
import { toApiError, toErrorEvent } from "../errors.ts";
import type { Fields } from "../fields.ts";
import type { ByteSource } from "./byte_source.ts";
import { formatEvent, joinBytes, readData, splitEvents } from "./sse.ts";

/** Converts the data of one event; undefined leaves the event out. */
export type Convert = (data: Fields) => Fields | undefined | Promise<Fields | undefined>;

const decoder = new TextDecoder();

/**
 * Converts the events of a stream. Comments, `[DONE]` and error events are passed on unchanged. A
 * conversion that throws ends the stream with an error event.
 *
 * @param events whole events, as a guarded stream delivers them.
 */
export function convertEvents(events: ByteSource, convert: Convert): ByteSource {
  let hasFailed = false;

  async function convertOne(event: Uint8Array): Promise<Uint8Array> {
    const data = parse(readData(decoder.decode(event)));
    if (!data || data.error) return event;
    const converted = await convert(data);
    return converted ? formatEvent(JSON.stringify(converted)) : new Uint8Array();
  }
  async function convertAll(bytes: Uint8Array): Promise<Uint8Array> {
    const converted: Uint8Array[] = [];
    try {
      for (const event of splitEvents(bytes)) converted.push(await convertOne(event));
    } catch (thrown) {
      hasFailed = true;
      await events.cancel();
      converted.push(formatEvent(toErrorEvent(toApiError(thrown))));
    }
    return joinBytes(converted);
  }

  return {
    async read() {
      while (!hasFailed) {
        const bytes = await events.read();
        if (!bytes) return undefined;
        const converted = await convertAll(bytes);
        if (converted.length > 0) return converted;
      }
      return undefined;
    },
    cancel: () => events.cancel(),
    abandoned: events.abandoned,
  };
}

function parse(data: string | undefined): Fields | undefined {
  if (data === undefined || data === "[DONE]") return undefined;
  try {
    const value = JSON.parse(data);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
