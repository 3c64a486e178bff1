/**
 * OpenTelemetry: a span and metrics for every operation of the gateway, by the semantic conventions
 * for generative AI.
 *
 * Deno's own exporter sends them (`OTEL_DENO=true`). Where a runtime has none, or it is switched off,
 * nothing is recorded.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/gen-ai/
 */
import { ApiError } from "../errors.ts";
import type { Fields } from "../fields.ts";
import type { Call } from "../http/call.ts";
import type { Gateway } from "../gateway/interface.ts";
import type { Answered } from "../ledger/charge.ts";
import { readTokenUsage } from "../token_usage.ts";
import { readFinishReasons } from "./finish_reasons.ts";
import type { Protocol } from "./protocol.ts";
import { type Attributes, findInstruments, type Instruments, type Span } from "./instruments.ts";
import { readEvents, toInputAttributes, toOutputMessages } from "./telemetry_content.ts";

/** What is asked of the gateway, as far as a span shows it. */
export interface TracedOperation {
  /** Such as `/chat/completions`. */
  path: string;
  /** The body's fields, as they are sent. */
  fields: Fields;
  /** The gateway that is asked. */
  gateway: Gateway;
  /** How the events of a stream are read. */
  protocol: Protocol | undefined;
}

const CLIENT_KIND = 2;
const ERROR_STATUS = 2;

/** The conventions' name of each operation; those that have no name of their own generate content. */
const OPERATIONS = new Map([
  ["/chat/completions", "chat"],
  ["/responses", "chat"],
  ["/messages", "chat"],
  ["/completions", "text_completion"],
  ["/embeddings", "embeddings"],
  ["/rerank", "rerank"],
]);

/** The conventions' names of request fields, where the values are passed on as they are. */
const REQUEST_ATTRIBUTES = new Map([
  ["model", "gen_ai.request.model"],
  ["max_tokens", "gen_ai.request.max_tokens"],
  ["max_completion_tokens", "gen_ai.request.max_tokens"],
  ["max_output_tokens", "gen_ai.request.max_tokens"],
  ["temperature", "gen_ai.request.temperature"],
  ["top_p", "gen_ai.request.top_p"],
  ["top_k", "gen_ai.request.top_k"],
  ["frequency_penalty", "gen_ai.request.frequency_penalty"],
  ["presence_penalty", "gen_ai.request.presence_penalty"],
  ["seed", "gen_ai.request.seed"],
  ["n", "gen_ai.request.choice.count"],
  ["dimensions", "gen_ai.embeddings.dimension.count"],
]);

/**
 * Creates the trace of one operation, with all its attempts.
 *
 * @returns undefined when nothing is recorded.
 */
export function createTrace(call: Call, operation: TracedOperation): Trace | undefined {
  const found = findInstruments();
  return found && new Trace(found, call, operation);
}

/** One operation on its way: what is known about it, for its span and the metrics. */
export class Trace {
  readonly #instruments: Instruments;
  readonly #operation: TracedOperation;
  readonly #requestId: string;
  readonly #capturesContent: boolean;
  /** The attributes of the span that the metrics have, too. */
  readonly #shared: Attributes;
  #span: Span | undefined;
  #startedAt = 0;
  #hasEnded = false;
  #streamed: string[] | undefined;

  /** Takes what the span says from the request. */
  constructor(instruments: Instruments, call: Call, operation: TracedOperation) {
    this.#instruments = instruments;
    this.#operation = operation;
    this.#requestId = call.requestId;
    this.#capturesContent = call.settings.OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT;
    const { path, fields: { model }, gateway } = operation;
    const { hostname, port, protocol } = new URL(gateway.url);
    this.#shared = {
      "gen_ai.operation.name": OPERATIONS.get(path) ?? "generate_content",
      "gen_ai.provider.name": gateway.title.toLowerCase(),
      ...typeof model === "string" && { "gen_ai.request.model": model },
      ...call.assistant !== undefined && { "gen_ai.agent.name": call.assistant },
      "insforge.function": call.slug,
      "server.address": hostname,
      "server.port": Number(port || (protocol === "https:" ? 443 : 80)),
    };
  }

  /**
   * Starts the span, and makes it the parent of what happens in `run`. A failure ends it; after a
   * success the caller of this method calls {@link end}.
   */
  start<T>(run: () => Promise<T>): Promise<T> {
    const { fields } = this.#operation;
    const attributes = {
      ...this.#shared,
      "insforge.request_id": this.#requestId,
      ...toRequestAttributes(fields),
      ...this.#capturesContent && toInputAttributes(fields),
    };
    const name = [this.#shared["gen_ai.operation.name"], this.#shared["gen_ai.request.model"]]
      .filter(Boolean).join(" ");
    const options = { kind: CLIENT_KIND, attributes };
    return this.#instruments.tracer.startActiveSpan(name, options, async (span) => {
      this.#span = span;
      this.#startedAt = performance.now();
      try {
        return await run();
      } catch (failure) {
        this.end(failure);
        throw failure;
      }
    });
  }

  /** Notes that the first event of a stream has arrived. */
  reachFirstChunk(): void {
    const seconds = this.#elapsedSeconds();
    this.#span?.setAttributes({ "gen_ai.response.time_to_first_chunk": seconds });
    this.#instruments.firstChunk.record(seconds, this.#shared);
  }

  /** Notes what a response, or the events of a stream, say of the generation. */
  note({ id, model, usage }: Answered, finishReasons: string[] = []): void {
    const stated = readTokenUsage(usage);
    if (model) this.#shared["gen_ai.response.model"] = model;
    this.#span?.setAttributes({
      ...model && { "gen_ai.response.model": model },
      ...id && { "gen_ai.response.id": id },
      ...finishReasons.length > 0 && { "gen_ai.response.finish_reasons": finishReasons },
      ...stated && {
        "gen_ai.usage.input_tokens": stated.promptTokens,
        "gen_ai.usage.output_tokens": stated.completionTokens,
        // The conventions have no name for the cost.
        ...stated.usd !== undefined && { "insforge.usage.cost_usd": stated.usd },
      },
    });
    if (!stated) return;
    const { tokens } = this.#instruments;
    tokens.record(stated.promptTokens, { ...this.#shared, "gen_ai.token.type": "input" });
    tokens.record(stated.completionTokens, { ...this.#shared, "gen_ai.token.type": "output" });
  }

  /** Notes a whole JSON response. */
  noteResponse(response: Fields, answered: Answered): void {
    this.note(answered, readFinishReasons(response));
    if (this.#capturesContent) this.#noteContent(response);
  }

  /**
   * Where to put the text of a stream's events, from its first one on.
   *
   * @returns undefined unless content is captured.
   */
  openStream(): ((text: string) => void) | undefined {
    if (!this.#capturesContent) return undefined;
    const texts: string[] = this.#streamed = [];
    return (text) => void texts.push(text);
  }

  /** Ends the span, once; `failure` is why the operation failed. */
  end(failure?: unknown): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (this.#streamed) {
      const events = readEvents(this.#streamed.join(""));
      this.#noteContent(this.#operation.protocol?.toResponse(events) ?? {});
    }
    if (failure !== undefined) {
      const type = failure instanceof ApiError ? failure.code : "_OTHER";
      this.#shared["error.type"] = type;
      this.#span?.setAttributes({ "error.type": type });
      this.#span?.setStatus({ code: ERROR_STATUS, message: type });
    }
    this.#instruments.duration.record(this.#elapsedSeconds(), this.#shared);
    this.#span?.end();
  }

  #noteContent(response: Fields): void {
    const messages = JSON.stringify(toOutputMessages(response));
    this.#span?.setAttributes({ "gen_ai.output.messages": messages });
  }

  #elapsedSeconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }
}

function toRequestAttributes(fields: Fields): Attributes {
  const attributes: Attributes = {};
  for (const [field, name] of REQUEST_ATTRIBUTES) {
    const value = fields[field];
    if (typeof value === "number" || field === "model" && typeof value === "string") {
      attributes[name] = value;
    }
  }
  return attributes;
}
