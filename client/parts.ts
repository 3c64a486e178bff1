/** From the chunks of a streamed answer to parts that an app can show. */
import { AiError, readTrace } from "./ai_error.ts";
import { readJson } from "./connection.ts";
import type { ChatAnswer, SummaryFacts, TokenUsage, ToolCall } from "./contract.ts";
import { readEvents } from "./events.ts";

/** One part of a streamed answer. The last one is `finish` or `error`. */
export type StreamPart =
  /** Goes on with the text. */
  | { type: "text"; text: string }
  /**
   * Goes on with the reasoning. `details` are OpenRouter's `reasoning_details`: a model that called
   * tools may want them back, unchanged and in order, in the assistant's message.
   */
  | { type: "reasoning"; text: string; details?: unknown[] }
  /** Goes on with the words in which the model refuses. */
  | { type: "refusal"; text: string }
  /** A whole image, as an address or a data URL. */
  | { type: "image"; url: string }
  /** A source, as OpenRouter has it: `url_citation` or `file`. */
  | { type: "annotation"; annotation: unknown }
  /** Goes on with spoken audio: base64 in `data`, its words in `transcript`. */
  | { type: "audio"; audio: { id?: string; data?: string; transcript?: string } }
  /** A whole call, once; `arguments` is JSON as the model wrote it, unchecked. */
  | { type: "tool-call"; id: string; name: string; arguments: string }
  /** Tokens and cost of the whole answer, once, where they are known. */
  | { type: "usage"; usage: TokenUsage }
  /** The answer is complete: `stop`, `length`, `tool_calls`, `content_filter` or another reason. */
  | { type: "finish"; reason: string; id: string; model: string }
  /** The answer failed, before its first part or after. */
  | { type: "error"; error: AiError };

/** What a summary's stream holds beside: first of all, what the summary is of. */
export type SummaryPart = { type: "summary"; summary: SummaryFacts } | StreamPart;

/** A chunk of a streamed answer, as far as it is looked at. */
interface Chunk {
  id?: string;
  model?: string;
  choices?: { index?: number; delta?: Delta; finish_reason?: string | null }[];
  usage?: TokenUsage | null;
  summary?: SummaryFacts;
  error?: { code?: unknown; message?: unknown };
}

interface Delta {
  content?: string | null;
  reasoning?: string | null;
  reasoning_details?: { text?: string; summary?: string }[] | null;
  refusal?: string | null;
  images?: { image_url: { url: string } }[] | null;
  annotations?: unknown[] | null;
  audio?: { data?: string; transcript?: string } | null;
  tool_calls?: ToolCallPiece[] | null;
}

interface ToolCallPiece {
  index?: number | null;
  id?: string | null;
  function?: { name?: string | null; arguments?: string | null } | null;
}

/**
 * Reads a streamed answer's parts. An answer in one piece, as `chat` gives it, has the same parts.
 *
 * Of several answers to one request (`n`) the first is read.
 *
 * @throws {AiError} what the stream says of its failure; `STREAM_INCOMPLETE` when it ends without a
 *   finish reason.
 */
export async function* readParts(
  response: Response,
  signal?: AbortSignal,
): AsyncGenerator<SummaryPart, void> {
  const fail = (code: string, message: string, cause?: unknown) =>
    new AiError(response.status, code, message, { ...readTrace(response), cause });
  const isWhole = response.headers.get("Content-Type")?.includes("json");
  const events = isWhole
    ? [JSON.stringify(toChunk(Object(await readJson(response, signal))))]
    : readEvents(response, signal);

  const calls = new ToolCalls();
  let [reason, id, model] = ["", "", ""];
  let usage: TokenUsage | undefined;
  for await (const data of events) {
    if (data === "[DONE]") {
      // Some providers call tools and finish without a reason.
      if (calls.whole.length > 0) reason ||= "tool_calls";
      break;
    }
    let parts: SummaryPart[];
    try {
      const chunk: Chunk = Object(JSON.parse(data));
      const { error, summary, choices } = chunk;
      if (error) throw fail(String(error.code), String(error.message));
      id ||= chunk.id ?? "";
      model ||= chunk.model ?? "";
      // It stands on the last chunk, on one after it, or on many; the finish reason comes twice then.
      usage = chunk.usage ?? usage;
      const { delta, finish_reason } = choices?.find(({ index }) => !index) ?? {};
      reason ||= finish_reason ?? "";
      parts = [...toParts(delta ?? {})];
      if (summary) parts.unshift({ type: "summary", summary });
      calls.add(delta?.tool_calls ?? []);
    } catch (cause) {
      if (cause instanceof AiError) throw cause;
      throw fail("STREAM_INCOMPLETE", "The stream holds an event that cannot be read", cause);
    }
    for (const part of parts) yield part; // an array takes no `throw`
  }
  if (!reason) throw fail("STREAM_INCOMPLETE", "The stream ended before the answer was complete");
  for (const { id, function: called } of calls.whole) {
    yield { type: "tool-call", id, name: called.name, arguments: called.arguments || "{}" };
  }
  if (usage) yield { type: "usage", usage };
  yield { type: "finish", reason, id, model };
}

/** All that can be shown at once. */
function* toParts(delta: Delta): Generator<StreamPart, void> {
  const { content, reasoning, refusal, images, annotations, audio } = delta;
  const details = delta.reasoning_details?.length ? delta.reasoning_details : undefined;
  // Both say the same; details without any text are signatures, or encrypted.
  const thought = reasoning ||
    details?.map(({ text, summary }) => text ?? summary ?? "").join("") || "";
  if (thought || details) yield { type: "reasoning", text: thought, details };
  if (content) yield { type: "text", text: content };
  if (refusal) yield { type: "refusal", text: refusal };
  for (const { image_url: { url } } of images ?? []) yield { type: "image", url };
  for (const annotation of annotations ?? []) yield { type: "annotation", annotation };
  if (audio) yield { type: "audio", audio };
}

/** Puts calls together whose arguments come in pieces. */
class ToolCalls {
  readonly whole: ToolCall[] = [];
  /** The call that goes on at each index. Indexes may have gaps, and may be used twice. */
  #current = new Map<number, ToolCall>();

  add(pieces: ToolCallPiece[]): void {
    for (const { index, id, function: called } of pieces) {
      let call = this.#current.get(index ?? 0);
      if (!call || (id && call.id && id !== call.id)) {
        call = { id: "", type: "function", function: { name: "", arguments: "" } };
        this.#current.set(index ?? 0, call);
        this.whole.push(call);
      }
      call.id ||= id ?? "";
      call.function.name ||= called?.name ?? "";
      call.function.arguments += called?.arguments ?? "";
    }
  }
}

/** The one chunk that would mean the same as an answer in one piece. */
function toChunk(answer: ChatAnswer): Chunk {
  const { id, model, usage, finish_reason, text, ...additions } = answer;
  const delta = { ...additions, content: text } as Delta;
  delta.tool_calls = Array.from(delta.tool_calls ?? [], (call, index) => ({ ...call, index }));
  return { id, model, usage, choices: [{ delta, finish_reason }] };
}
