/** The events of a streamed chat in the form of the deprecated proxy. */
import { formatEvent } from "../../shared/http/sse.ts";
import type { ToolCall } from "../../shared/openrouter/completions.ts";

/** InsForge's `UrlCitationAnnotation`. */
export interface Citation {
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
export interface TokenCounts {
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

/** Encodes an event. */
export function toEvent(event: LegacyEvent): Uint8Array {
  return formatEvent(JSON.stringify(event));
}
