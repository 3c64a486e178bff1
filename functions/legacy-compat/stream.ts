/** A streamed chat in the old proxy's events. */
import type { ChatCompletionRequest } from "@insforge/shared-schemas";
import type { Call } from "../../shared/http/call.ts";
import { ApiError } from "../../shared/errors.ts";
import {
  type CompletionStream,
  readCompletion,
  type ToolCall,
} from "../../shared/openrouter/typed_calls.ts";
import { redact, toExcerpt } from "../../shared/gateway/redaction.ts";
import { formatEvent } from "../../shared/http/sse.ts";
import { toAnnotations } from "./answers.ts";
import { toLegacyFailure } from "./failures.ts";
import { toChatParams } from "./params.ts";
import type { Fields } from "../../shared/fields.ts";

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

/** An event: a piece of text, running usage, what comes at the end, or the error that ends it. */
export type LegacyEvent =
  | { chunk: string }
  | { tokenUsage: { promptTokens: number; completionTokens: number; totalTokens: number } }
  | { tool_calls: ToolCall[] }
  | { annotations: Citation[] }
  | { done: true }
  | { error: true; message: string };

/**
 * Starts a streamed chat. The old proxy answered 200 before it called anyone, so every failure of a
 * call is an event: `{"error":true,"message":…}`, the last one, without `{"done":true}`. Text and
 * running usage come at once, tool calls and citations at the end. Cancelling the stream cancels the
 * upstream call.
 *
 * @throws {ApiError} for a request that is not allowed or above a limit, or where a setting or the
 *   ledger it needs is missing; nobody was called for it.
 */
export async function startStream(
  call: Call,
  request: ChatCompletionRequest,
): Promise<ReadableStream<Uint8Array>> {
  let params: Fields | undefined;
  let chunks: CompletionStream;
  try {
    params = toChatParams(request, call.settings);
    chunks = await readCompletion(call, params);
  } catch (thrown) {
    const failure = toLegacyFailure(thrown);
    if (!(failure instanceof ApiError) || params && isRefusal(thrown as ApiError)) {
      throw failure;
    }
    call.log.stream = (thrown as ApiError).code;
    return ReadableStream.from([toEvent({ error: true, message: failure.message })]);
  }
  const events = translate(chunks);
  return new ReadableStream({
    async pull(stream) {
      const { value, done } = await events.next();
      if (done) stream.close();
      else stream.enqueue(toEvent(value));
    },
    cancel() {
      chunks.controller.abort();
    },
  });
}

/**
 * Whether it is we who refused a request: for what it asks, for a limit, or for want of a setting or a
 * ledger, of which no gateway speaks. What the gateway refused comes with its evidence.
 */
function isRefusal({ status, cause, code }: ApiError): boolean {
  if (code === "INTERNAL_ERROR" || code === "UPSTREAM_FAILURE") return true;
  return status < 500 && cause === undefined && code !== "REQUEST_CANCELLED";
}

function toEvent(data: LegacyEvent): Uint8Array {
  return formatEvent(JSON.stringify(data));
}

async function* translate(chunks: CompletionStream): AsyncGenerator<LegacyEvent> {
  const tokenUsage = { promptTokens: 0, completionTokens: 0, totalTokens: 0 };
  const toolCalls = new Map<number, ToolCall>();
  const annotations: Citation[] = [];
  try {
    for await (const chunk of chunks) {
      if (!chunk?.choices) throw new Error("a chunk came without choices");
      const { delta } = chunk.choices[0] ?? {};
      if (delta?.content) yield { chunk: delta.content };
      for (const piece of delta?.tool_calls ?? []) collectToolCall(toolCalls, piece);
      annotations.push(...toAnnotations(delta) ?? []);
      if (chunk.usage) {
        tokenUsage.promptTokens += chunk.usage.prompt_tokens || 0;
        tokenUsage.completionTokens += chunk.usage.completion_tokens || 0;
        tokenUsage.totalTokens += chunk.usage.total_tokens || 0;
        yield { tokenUsage };
      }
    }
  } catch (failure) {
    const { message } = failure as Error;
    return yield {
      error: true,
      message: toExcerpt(redact(`Failed to stream response: ${message}`)),
    };
  }
  if (toolCalls.size > 0) {
    const inOrder = [...toolCalls].toSorted(([a], [b]) => a - b);
    yield { tool_calls: inOrder.map(([, toolCall]) => toolCall) };
  }
  if (annotations.length > 0) yield { annotations };
  yield { done: true };
}

interface ToolCallPiece {
  index: number;
  id?: string;
  function?: { name?: string; arguments?: string };
}

/** Id and name count in the first piece of a call only, as they always did. */
function collectToolCall(toolCalls: Map<number, ToolCall>, piece: ToolCallPiece): void {
  const { name, arguments: text } = piece.function ?? {};
  const known = toolCalls.get(piece.index);
  if (known) known.function.arguments += text || "";
  else {
    toolCalls.set(piece.index, {
      id: piece.id || "",
      type: "function",
      function: { name: name || "", arguments: text || "" },
    });
  }
}
