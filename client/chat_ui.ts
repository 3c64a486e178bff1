/** What the adapters for chat UIs share: steps of an answer, sources, errors, requests. */
import type {
  AiClient,
  AiError,
  ChatMessage,
  ChatOptions,
  ContentPart,
  StreamPart,
} from "./mod.ts";

/** Fields of every request; `slug` names a function of one's own instead of `stream`. */
export interface ChatTransportOptions extends ChatOptions {
  /** A function that responds like `stream`. */
  slug?: string | undefined;
}

/** What one adapter asks for: the conversation, and fields that it adds to each request. */
export interface ChatUiRequest extends ChatOptions {
  /** The conversation so far. */
  messages: ChatMessage[];
}

/** One turn of the model in a conversation that is sent again: what it said and called. */
export interface Step {
  /** What the model said; empty when it only called tools. */
  text: string;
  /** OpenRouter's `reasoning_details`, unchanged and in order. */
  details: unknown[];
  /** `result` is missing while a tool has not answered. */
  calls: { id: string; name: string; arguments: string; result?: unknown }[];
}

/** Streams an answer from `stream`, or from the function that the options name. */
export function streamParts(
  ai: AiClient,
  { slug = "stream", ...options }: ChatTransportOptions,
  { request, signal }: { request: ChatUiRequest; signal: AbortSignal | undefined },
): AsyncGenerator<StreamPart, void> {
  const full = { ...options, ...request };
  const parts = slug === "stream"
    ? ai.stream(full, { signal })
    : ai.streamFrom(slug, full, { signal });
  return parts as AsyncGenerator<StreamPart, void>;
}

/** The messages of one step. An empty step has none, because models reject empty messages. */
export function toStepMessages({ text, details, calls }: Step): ChatMessage[] {
  if (!text && calls.length === 0) return [];
  return [
    {
      role: "assistant",
      content: text || null,
      ...calls.length > 0 && {
        tool_calls: calls.map(({ id, name, arguments: json }) => ({
          id,
          type: "function",
          function: { name, arguments: json },
        })),
      },
      ...details.length > 0 && { reasoning_details: details },
    },
    ...calls.map(({ id, result }): ChatMessage => ({
      role: "tool",
      tool_call_id: id,
      content: typeof result === "string" ? result : JSON.stringify(result ?? null),
    })),
  ];
}

/** A file as a content part; `url` may be a data URL. */
export function toFilePart(url: string, mediaType: string, filename?: string): ContentPart {
  return mediaType.startsWith("image")
    ? { type: "image_url", image_url: { url } }
    : { type: "file", file: { filename, file_data: url } };
}

/** The media type of a data URL; PNG for other URLs, because models generate images. */
export function toMediaType(url: string): string {
  return /^data:([^;,]+)/.exec(url)?.[1] ?? "image/png";
}

/** The web page that an annotation cites, if it cites one. */
export function toSource(annotation: unknown): { url: string; title?: string } | undefined {
  const { url, title } = Object(Object(annotation).url_citation);
  return url ? { url, ...title && { title } } : undefined;
}

/** What a chat shows when an answer fails. */
export function toErrorText({ message, nextActions }: AiError): string {
  return nextActions ? `${message}. ${nextActions}` : message;
}
