/** A streamed chat in the events of the deprecated proxy. */
import type { ChatCompletionRequest } from "@insforge/shared-schemas";
import { ApiError } from "../../shared/errors.ts";
import type { Fields } from "../../shared/fields.ts";
import { redact, toExcerpt } from "../../shared/gateway/redaction.ts";
import type { Call } from "../../shared/http/call.ts";
import type { ByteSource } from "../../shared/http/event_stream.ts";
import { formatEvent, joinBytes, readData, splitEvents } from "../../shared/http/sse.ts";
import { requestStream } from "../../shared/openrouter/call.ts";
import { toArguments, toContentText } from "../../shared/openrouter/messages.ts";
import type { ToolCall } from "../../shared/openrouter/completions.ts";
import { toAnnotations } from "./answers.ts";
import { toLegacyFailure } from "./failures.ts";
import { legacyProtocol } from "./lenient.ts";
import { toChatParams } from "./params.ts";

/** InsForge's `UrlCitationAnnotation`. */
interface Citation {
  type: "url_citation";
  urlCitation: {
    url: string;
    title?: string;
    content?: string;
    startIndex?: number;
    endIndex?: number;
  };
}

/** A token usage in the form of the deprecated proxy. */
interface TokenCounts {
  promptTokens: number;
  completionTokens: number;
  totalTokens: number;
}

/**
 * An event: a piece of text, the usage so far, the events at the end, or the error that ends it.
 */
export type LegacyEvent =
  | { chunk: string }
  | { tokenUsage: TokenCounts }
  | { tool_calls: ToolCall[] }
  | { annotations: Citation[] }
  | { done: true }
  | { error: true; message: string };

const decoder = new TextDecoder();

/**
 * Starts a streamed chat. The old proxy sent status 200 before it called the gateway, so every
 * failure of a call is an event: `{"error":true,"message":…}`, the last one, without
 * `{"done":true}`. Text and running usage come at once, tool calls and citations at the end.
 *
 * @throws {ApiError} for a request that is not allowed or above a limit, and for a missing setting
 * or
 *   ledger; the gateway was not called for it.
 */
export async function startStream(
  call: Call,
  request: ChatCompletionRequest,
): Promise<ByteSource> {
  let params: Fields | undefined;
  try {
    params = toChatParams(request, call.settings);
    const operation = { path: "/chat/completions", params, protocol: legacyProtocol };
    return new LegacyStream(await requestStream(call, operation));
  } catch (thrown) {
    const failure = toLegacyFailure(thrown);
    if (!(failure instanceof ApiError) || params && isRefusal(thrown as ApiError)) throw failure;
    call.log.stream = (thrown as ApiError).code;
    return createErrorStream(failure.message);
  }
}

/**
 * Whether the request was rejected here: for what it asks, for a limit, or because a setting or the
 * ledger is missing. What the gateway rejected comes with its evidence.
 */
function isRefusal({ status, cause, code }: ApiError): boolean {
  if (code === "INTERNAL_ERROR" || code === "UPSTREAM_FAILURE") return true;
  return status < 500 && cause === undefined && code !== "REQUEST_CANCELLED";
}

function createErrorStream(message: string): ByteSource {
  const events = [toEvent({ error: true, message })];
  return { read: () => Promise.resolve(events.shift()), cancel: () => Promise.resolve() };
}

function toEvent(event: LegacyEvent): Uint8Array {
  return formatEvent(JSON.stringify(event));
}

/** Translates the events of a guarded stream. */
class LegacyStream implements ByteSource {
  readonly #source: ByteSource;
  readonly #counts: TokenCounts = { promptTokens: 0, completionTokens: 0, totalTokens: 0 };
  readonly #toolCalls = new Map<number, ToolCall>();
  readonly #annotations: Citation[] = [];
  #ended = false;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  async read(): Promise<Uint8Array | undefined> {
    if (this.#ended) return undefined;
    const bytes = await this.#source.read();
    const events = bytes ? this.#translate(bytes) : this.#close();
    return joinBytes(events.map(toEvent));
  }

  cancel(): Promise<void> {
    return this.#source.cancel();
  }

  get abandoned(): Promise<void> | undefined {
    return this.#source.abandoned;
  }

  #translate(bytes: Uint8Array): LegacyEvent[] {
    const events: LegacyEvent[] = [];
    for (const event of splitEvents(bytes)) {
      const data = readData(decoder.decode(event));
      if (data === undefined || data === "[DONE]") continue;
      try {
        events.push(...this.#read(JSON.parse(data)));
      } catch (failure) {
        const { message } = failure as Error;
        const text = toExcerpt(redact(`Failed to stream response: ${message}`));
        events.push({ error: true, message: text });
      }
      if (events.some((event) => "error" in event)) {
        this.#ended = true;
        this.#source.cancel();
        break;
      }
    }
    return events;
  }

  #read(chunk: Chunk): LegacyEvent[] {
    if (chunk?.error === true) return [chunk as LegacyEvent];
    if (!chunk?.choices) throw new Error("a chunk came without choices");
    const events: LegacyEvent[] = [];
    const { delta } = chunk.choices[0] ?? {};
    const text = toContentText(delta?.content);
    if (text) events.push({ chunk: text });
    for (const piece of delta?.tool_calls ?? []) this.#collectToolCall(piece);
    this.#annotations.push(...toAnnotations(delta) ?? []);
    if (chunk.usage) {
      this.#counts.promptTokens += chunk.usage.prompt_tokens || 0;
      this.#counts.completionTokens += chunk.usage.completion_tokens || 0;
      this.#counts.totalTokens += chunk.usage.total_tokens || 0;
      events.push({ tokenUsage: { ...this.#counts } });
    }
    return events;
  }

  /** Only the first piece of a call sets its id and name, as in the deprecated proxy. */
  #collectToolCall({ index, id, function: called }: ToolCallPiece): void {
    const { name, arguments: text } = called ?? {};
    const known = this.#toolCalls.get(index);
    if (known) known.function.arguments += toArguments(text);
    else {
      this.#toolCalls.set(index, {
        id: id || "",
        type: "function",
        function: { name: name || "", arguments: toArguments(text) },
      });
    }
  }

  #close(): LegacyEvent[] {
    this.#ended = true;
    const events: LegacyEvent[] = [];
    if (this.#toolCalls.size > 0) {
      const inOrder = [...this.#toolCalls].toSorted(([a], [b]) => a - b);
      events.push({ tool_calls: inOrder.map(([, toolCall]) => toolCall) });
    }
    if (this.#annotations.length > 0) events.push({ annotations: this.#annotations });
    return [...events, { done: true }];
  }
}

interface ToolCallPiece {
  index: number;
  id?: string;
  function?: { name?: string; arguments?: string };
}

/** The fields of a chunk that are read; none of them is certain to be there. */
interface Chunk {
  error?: unknown;
  choices?: {
    delta?:
      & { content?: string; tool_calls?: ToolCallPiece[] }
      & Parameters<typeof toAnnotations>[0];
  }[];
  usage?: { prompt_tokens?: number; completion_tokens?: number; total_tokens?: number };
}
