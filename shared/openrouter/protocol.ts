/** What an API of the gateway says in its events and JSON responses, one protocol per API. */
import type { ApiError } from "../errors.ts";
import type { Fields } from "../fields.ts";
import { unusable } from "../gateway/failures.ts";
import type { TokenUsage } from "../token_usage.ts";

/** What one event of a stream, or one whole response, says about the generation. */
export interface Verdict {
  /** The gateway's id of the generation; a text, if the gateway keeps to its contract. */
  id?: unknown;
  /** The model that generates; a text, if the gateway keeps to its contract. */
  model?: unknown;
  /** Tokens and cost so far. */
  usage?: TokenUsage | null;
  /** It holds something a model generated: text, a tool call, an image, reasoning, a refusal. */
  hasOutput?: boolean;
  /** The generation ended by itself: a connection that closes after this event loses nothing. */
  finished?: boolean;
  /** The value in which to look for an error of the gateway. */
  reports?: unknown;
  /** It repeats what other events brought, so its length says nothing about the tokens. */
  repeats?: boolean;
}

/** Reads the events of one stream in their order. */
export interface StreamReader {
  /**
   * Reads one event.
   *
   * @param event the event's JSON object.
   * @returns undefined for an event that says nothing yet about how the generation goes: until the
   *   first other one, the request may still be retried.
   */
  read(event: Fields): Verdict | undefined;
  /**
   * Whether events that follow some output have to be read. All others are passed on unread.
   *
   * @param text the text of one or more events.
   */
  isNotable(text: string): boolean;
  /** The JSON of the event that ends the stream with an error. */
  toErrorEvent(error: ApiError): string;
}

/**
 * One API of the gateway: chat completions, Responses, Messages, or chat completions as legacy-compat
 * reads them.
 */
export interface Protocol {
  /** Creates the reader of one stream. */
  createReader(): StreamReader;
  /**
   * The events of a stream, for a server that answers a streamed request with one JSON response.
   */
  toEvents(response: Fields): Fields[];
  /** One JSON response, for a server that answers with a stream where none was requested. */
  toResponse(events: Fields[]): Fields | undefined;
  /**
   * Whether an event that this project creates has its type in an `event:` line, too, and the stream
   * ends without `[DONE]`. Anthropic's SDK ignores events without that line.
   */
  namesEvents?: boolean;
  /** Whether a stream without output, and one that closes properly but early, count as complete. */
  isLenient?: boolean;
}

/**
 * Whether a finished generation produced nothing at all: no output, and either no finish reason or
 * zero completion tokens. Such a request may be retried. A finished turn without text is a success:
 * it is common after tool calls, and it was billed.
 */
export function isEmpty({ hasOutput, finished, usage }: Verdict): boolean {
  if (hasOutput) return false;
  const { completion_tokens, output_tokens } = (usage ?? {}) as Partial<TokenUsage>;
  return !finished || (completion_tokens ?? output_tokens) === 0;
}

/** The failure of a response that {@link isEmpty}. */
export function empty(): ApiError {
  return unusable("The AI provider's response was empty", { retryable: true });
}
