/** Translates the events of OpenRouter's streams to those of the deprecated proxy. */
import { redact, toExcerpt } from "../../shared/gateway/redaction.ts";
import type { ByteSource } from "../../shared/http/event_stream.ts";
import { joinBytes, readData, splitEvents } from "../../shared/http/sse.ts";
import type { ToolCall } from "../../shared/openrouter/completions.ts";
import { toArguments, toContentText } from "../../shared/openrouter/messages.ts";
import { toAnnotations } from "./annotations.ts";
import { type Citation, type LegacyEvent, toEvent, type TokenCounts } from "./events.ts";

const decoder = new TextDecoder();

/** Translates the events of a guarded stream. */
export class LegacyStream implements ByteSource {
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

/** The fields of a chunk that are read; any of them may be missing. */
interface Chunk {
  error?: unknown;
  choices?: {
    delta?:
      & { content?: string; tool_calls?: ToolCallPiece[] }
      & Parameters<typeof toAnnotations>[0];
  }[];
  usage?: { prompt_tokens?: number; completion_tokens?: number; total_tokens?: number };
}
