/** Reading and writing `text/event-stream`. */

/** The headers of an event stream; the last one keeps reverse proxies from buffering it. */
export const EVENT_STREAM_HEADERS: Record<string, string> = {
  "Content-Type": "text/event-stream",
  "Cache-Control": "no-cache",
  "X-Accel-Buffering": "no",
};

const LF = 10;
const CR = 13;
const EMPTY = new Uint8Array();
const encoder = new TextEncoder();

/**
 * Encodes one event. Its data must be a single line, as JSON always is.
 *
 * @param name the value of the event's `event:` line, which is left out without it.
 */
export function formatEvent(data: string, name?: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(`${name ? `event: ${name}\n` : ""}data: ${data}\n\n`);
}

/**
 * Reads the data of one event, its `data:` lines joined by line feeds.
 *
 * @param event the text of one event, comments included.
 * @returns the data, or nothing when the event has none, such as a keep-alive comment.
 */
export function readData(event: string): string | undefined {
  const lines = event.split(/\r\n|\n|\r/).filter((line) => line.startsWith("data:"));
  if (lines.length === 0) return undefined;
  return lines.map((line) => line.slice(line[5] === " " ? 6 : 5)).join("\n");
}

/** Splits bytes that consist of whole events into the events, without copying. */
export function splitEvents(bytes: Uint8Array): Uint8Array[] {
  const events: Uint8Array[] = [];
  let start = 0;
  for (let i = bytes.indexOf(LF); i >= 0; i = bytes.indexOf(LF, i + 1)) {
    if (!endsEvent(bytes, i, EMPTY)) continue;
    events.push(bytes.subarray(start, i + 1));
    start = i + 1;
  }
  if (start < bytes.length) events.push(bytes.subarray(start));
  return events;
}

/**
 * Cuts a stream of bytes at the ends of events, wherever the network cut it.
 *
 * It returns the bytes that were pushed, unchanged and in order. Events end with an empty line made of
 * LF or CRLF. An unfinished event is held however long it grows, because a whole image may be on one
 * line.
 */
export class EventCutter {
  #held: Uint8Array[] = [];
  /** The last two bytes that are held: pieces of one byte may cut an empty line more than once. */
  #tail: Uint8Array = EMPTY;

  /** Returns all bytes up to the end of the last whole event, or nothing while there is none. */
  push(bytes: Uint8Array): Uint8Array | undefined {
    if (bytes.length === 0) return undefined;
    const before = this.#tail;
    let end = bytes.lastIndexOf(LF);
    while (end >= 0 && !endsEvent(bytes, end, before)) {
      end = end > 0 ? bytes.lastIndexOf(LF, end - 1) : -1;
    }
    if (end === bytes.length - 1 && this.#held.length === 0) return bytes;
    if (end < 0) {
      this.#held.push(bytes);
      this.#tail = (bytes.length < 2 ? joinBytes([before, bytes]) : bytes).subarray(-2);
      return undefined;
    }
    const whole = joinBytes([...this.#held, bytes.subarray(0, end + 1)]);
    const rest = bytes.slice(end + 1);
    this.#held = rest.length > 0 ? [rest] : [];
    this.#tail = rest.subarray(-2);
    return whole;
  }

  /** The bytes of the unfinished event; empty between events. */
  rest(): Uint8Array {
    return joinBytes(this.#held);
  }
}

/** Whether the LF at `i` ends an empty line; `before` are the bytes before `bytes`. */
function endsEvent(bytes: Uint8Array, i: number, before: Uint8Array): boolean {
  const at = (index: number) => index < 0 ? before[before.length + index] : bytes[index];
  return at(i - 1) === LF || (at(i - 1) === CR && at(i - 2) === LF);
}

/** Joins pieces to one array. A single piece is returned as it is, without a copy. */
export function joinBytes(pieces: Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  const joined = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const piece of pieces) {
    joined.set(piece, offset);
    offset += piece.length;
  }
  return joined;
}
