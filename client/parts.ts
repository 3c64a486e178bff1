/** Turns the chunks of a streamed answer into parts that an app can show. */
import { AiError, readTrace } from "./ai_error.ts";
import type { SummaryFacts, TokenUsage, ToolCall } from "./contract.ts";
import { DONE, readEvents } from "./events.ts";

/**
 * One part of a streamed answer. The last part is `finish` or `error`.
 *
 * @example
 * ```ts
 * let text = "";
 * for await (const part of ai.stream({ prompt: "Hello" })) {
 *   if (part.type === "text") text += part.text;
 *   if (part.type === "finish") console.log(text, part.reason);
 *   if (part.type === "error") throw part.error;
 * }
 * ```
 */
export type StreamPart =
  /** The next piece of the text. */
  | { type: "text"; text: string }
  /**
   * The next piece of the reasoning. `details` are OpenRouter's `reasoning_details`: a model that
   * called tools may need them back, unchanged and in order, in the assistant message.
   */
  | { type: "reasoning"; text: string; details?: unknown[] }
  /** The next piece of the text in which the model refuses. */
  | { type: "refusal"; text: string }
  /** A whole image, as a URL or a data URL. */
  | { type: "image"; url: string }
  /** A source in OpenRouter's form: `url_citation` or `file`. */
  | { type: "annotation"; annotation: unknown }
  /** The next piece of spoken audio: base64 in `data`, its words in `transcript`. */
  | { type: "audio"; audio: { id?: string; data?: string; transcript?: string } }
  /** A whole tool call, once; `arguments` is JSON as the model wrote it, unchecked. */
  | { type: "tool-call"; id: string; name: string; arguments: string }
  /** Tokens and cost of the whole answer, once, when they are known. */
  | { type: "usage"; usage: TokenUsage }
  /** The answer is complete: `stop`, `length`, `tool_calls`, `content_filter` or another reason. */
  | { type: "finish"; reason: string; id: string; model: string }
  /** The call failed, before its first part or later. */
  | { type: "error"; error: AiError };

/** An event of a function's own, with whatever JSON object the function sent. */
export interface DataPart<Data = unknown> {
  /** Always `data`. */
  type: "data";
  /** The event's JSON, unchecked. */
  data: Data;
}

/** A part of a streamed summary. */
export type SummaryPart =
  /** Notes on `done` of `of` chunks are complete; only before the summary of many rows. */
  | { type: "progress"; done: number; of: number }
  /** Which rows the summary is about; before its text. */
  | { type: "summary"; summary: SummaryFacts }
  | StreamPart;

/** How a stream is read. */
export interface ReadPartsOptions {
  /** Ends the reading, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Whether a stream of events other than chat chunks is complete with its `[DONE]`. */
  hasOwnEvents?: boolean;
}

type Fields = Record<string, unknown>;

/**
 * Reads the parts of a streamed answer. A JSON response, as `chat` gives it, has the same parts.
 *
 * Nothing about the shape of a chunk is trusted: what has another type than documented is converted
 * where its meaning is clear, and ignored otherwise. When one request asked for several answers
 * (`n`), the first is read.
 *
 * @throws {AiError} the error that the stream reports, or `STREAM_INCOMPLETE` when it ends without
 *   a finish reason.
 */
export async function* readParts(
  response: Response,
  { signal, hasOwnEvents = false }: ReadPartsOptions = {},
): AsyncGenerator<StreamPart | DataPart, void> {
  const fail = (code: string, message: string, options?: object) =>
    new AiError(response.status, code, message, { ...readTrace(response), ...options });

  const calls = new ToolCalls();
  let [reason, id, model] = ["", "", ""];
  let usage: TokenUsage | undefined;
  let isOpen = true; // nothing finished the answer since its last output
  let hasChunks = false;
  for await (const text of readEvents(response, signal)) {
    if (text === DONE) {
      isOpen = false;
      // Some providers call tools and finish without a reason; own events come without one.
      reason ||= calls.whole.length > 0 ? "tool_calls" : hasOwnEvents && !hasChunks ? "stop" : "";
      break;
    }
    let chunk: Fields;
    try {
      chunk = Object(JSON.parse(text));
    } catch (cause) {
      throw fail("STREAM_INCOMPLETE", "The stream has an event that is not JSON", { cause });
    }
    const choice = findChoice(chunk);
    throwError(chunk.error || choice?.error, chunk, fail);
    id ||= joinText(chunk.id);
    model ||= joinText(chunk.model);
    // Usage comes with the last chunk, after it, or with several chunks.
    if (Object(chunk.usage) === chunk.usage) usage = chunk.usage as TokenUsage;
    if (choice) {
      hasChunks = true;
      const message = Object(choice.delta ?? choice.message);
      const parts = [...toParts(message)];
      if (calls.add(message.tool_calls) || parts.length > 0) isOpen = true;
      for (const part of parts) yield part; // unlike `yield*`, passes on what the app throws
      // Some servers repeat the finish with the usage, others send one after every chunk: the first
      // reason after the last output is the right one.
      const finish = joinText(choice.finish_reason) || (choice.message && "stop");
      if (finish && isOpen) {
        reason = finish as string;
        isOpen = false;
      }
    } else if (chunk.type || !chunk.usage && !chunk.object) {
      yield { type: "data", data: chunk };
    }
  }
  if (!reason || isOpen) {
    throw fail("STREAM_INCOMPLETE", "The stream ended before the answer was complete");
  }
  for (const { id, function: called } of calls.whole) {
    yield { type: "tool-call", id, name: called.name, arguments: called.arguments || "{}" };
  }
  if (usage) yield { type: "usage", usage };
  yield { type: "finish", reason, id, model };
}

/** The first choice of a chunk or a completion; the response of `chat` is a choice by itself. */
function findChoice(chunk: Fields): Fields | undefined {
  if (typeof chunk.text === "string" && "finish_reason" in chunk) {
    return { message: { ...chunk, content: chunk.text }, finish_reason: chunk.finish_reason };
  }
  return toArray(chunk.choices).find((choice) => choice && !choice.index);
}

/** Errors come as our own code, as a gateway's object, or empty in a good response. */
function throwError(
  error: unknown,
  { message }: Fields,
  fail: (code: string, message: string, options: object) => AiError,
): void {
  const found = typeof error === "string" ? { code: error, message } : Object(error);
  const code = found.metadata?.error_code ?? found.code ?? found.type;
  if (!code && !found.message) return;
  throw fail(
    String(code ?? "STREAM_INCOMPLETE"),
    joinText(found.message) || "The answer failed",
    { nextActions: joinText(found.nextActions ?? found.metadata?.next_actions) || undefined },
  );
}

/** Everything in a message or delta that can be shown at once. */
function* toParts(message: Fields): Generator<StreamPart, void> {
  const content = toArray(message.content);
  const details = toArray(message.reasoning_details);
  // These say the same under several names. Details without any text are signatures.
  const thought = joinText(message.reasoning) || joinText(message.reasoning_content) ||
    content.map((part) => joinText(part?.thinking)).join("") ||
    details.map((detail) => joinText(detail?.text ?? detail?.summary)).join("");
  if (thought || details.length > 0) {
    yield { type: "reasoning", text: thought, details: details.length > 0 ? details : undefined };
  }
  const [text, refusal] = [joinText(message.content), joinText(message.refusal)];
  if (text) yield { type: "text", text };
  if (refusal) yield { type: "refusal", text: refusal };
  for (const image of [...content, ...toArray(message.images)]) {
    const url = image?.image_url?.url ?? image?.image_url;
    if (typeof url === "string") yield { type: "image", url };
  }
  for (const annotation of toArray(message.annotations)) yield { type: "annotation", annotation };
  const audio = Object(message.audio);
  if (audio.data || audio.transcript) yield { type: "audio", audio };
}

/** A text that is sent as a string, a list of parts, or one part. */
function joinText(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(joinText).join("");
  return typeof value === "object" && value && "text" in value ? joinText(value.text) : "";
}

// deno-lint-ignore no-explicit-any
function toArray(value: unknown): any[] {
  return Array.isArray(value) ? value : [];
}

/** Joins tool calls that arrive in pieces. */
class ToolCalls {
  readonly whole: ToolCall[] = [];
  /** The unfinished call at each index. Indexes may have gaps, and may be used twice. */
  #current = new Map<number, ToolCall>();

  /** Tells whether `pieces` holds any piece of a call. */
  add(pieces: unknown): boolean {
    const found = toArray(pieces).filter((piece) => piece && typeof piece === "object");
    for (const [position, { index, id, function: called }] of found.entries()) {
      const key = index ?? position;
      let call = this.#current.get(key);
      if (!call || (id && call.id && id !== call.id)) {
        call = { id: "", type: "function", function: { name: "", arguments: "" } };
        this.#current.set(key, call);
        this.whole.push(call);
      }
      call.id ||= joinText(id);
      call.function.name ||= joinText(called?.name);
      const text = called?.arguments ?? "";
      call.function.arguments += typeof text === "string" ? text : JSON.stringify(text);
    }
    return found.length > 0;
  }
}
