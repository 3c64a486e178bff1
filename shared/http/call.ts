/** One request on its way through a function: what is known about it, when it ends, its log line. */
import { type ApiError, ProgrammerError, toApiError } from "../errors.ts";
import { type Environment, keepSettings, type Settings } from "../settings.ts";
import { type ByteSource, toByteStream } from "./byte_source.ts";
import { writeLogLine } from "./log.ts";

/** The fields of a request's log line that are filled in while the request is handled. */
export interface LogFields {
  /** The assistant that answered. */
  assistant?: string;
  /** The version that the assistant's prompt file states. */
  assistant_version?: string | number;
  /** The model that answered. */
  model?: string;
  /** The gateway's id of the generation. */
  generation_id?: string;
  /** Prompt tokens of all paid calls. */
  prompt_tokens?: number;
  /** Completion tokens of all paid calls. */
  completion_tokens?: number;
  /** USD, as the gateway charged it. */
  cost?: number;
  /** How a stream ended: `complete`, `cancelled` by the caller, or the code of an error. */
  stream?: string;
  /** The code of the real failure, when an older contract makes the response say something else. */
  failure?: string;
  /** A message for the operator that callers do not need. */
  notice?: string;
}

/** One request on its way through a function. Route handlers find it as `c.env`. */
export interface Call {
  /** The slug of the function that was called. */
  readonly slug: string;
  /** The request as the platform handed it over. */
  readonly request: Request;
  /** The settings in force for this request. */
  readonly settings: Settings;
  /** The id in the `X-Request-Id` response header and in the log line. */
  readonly requestId: string;
  /** Fields for the log line: numbers, and text that is cut to {@link MAX_LOG_CHARS} characters. */
  readonly log: LogFields;
  /** The id of the user who calls and pays; `undefined` until the credential has been checked. */
  userId?: string;
  /** The assistant that answers; `undefined` when the request does not name one. */
  assistant?: string;
  /**
   * Whether the function writes its prompts itself, so that it may call models without an assistant
   * when `ASSISTANTS_ONLY` is set.
   */
  readonly ownPrompts: boolean;
  /** Milliseconds since the request arrived. */
  elapsedMs(): number;
  /**
   * Registers a task that runs once, after the response has been delivered or the caller has closed
   * the connection. Tasks run in the order of their registration. A task that throws is logged.
   */
  atEnd(task: () => Promise<void>): void;
}

/** Statuses whose responses cannot have a body, not even an empty one. */
const WITHOUT_BODY = [204, 205, 304];

/** Longest text of one log field, characters. */
export const MAX_LOG_CHARS = 1_000;

/** The class behind {@link Call}. It alone decides when a call ends, and it writes the log line. */
export class ActiveCall implements Call {
  readonly settings: Settings;
  readonly requestId: string;
  readonly log: LogFields & { error?: string; cause?: string } = {};
  userId?: string;
  assistant?: string;
  readonly ownPrompts: boolean;
  readonly #startedAt = performance.now();
  readonly #tasks: (() => Promise<void>)[] = [];
  #status = 500;
  #firstByteMs: number | undefined;
  #isStreaming = false;
  #ended: Promise<void> | undefined;

  /**
   * Starts the clock of the call.
   *
   * @param options.environment where the settings are read from; `Deno.env` unless given.
   * @param options.ownPrompts whether the function writes its prompts itself.
   */
  constructor(
    /** The slug of the function that was called. */
    readonly slug: string,
    /** The request as the platform handed it over. */
    readonly request: Request,
    { environment, ownPrompts = false }: { environment?: Environment; ownPrompts?: boolean } = {},
  ) {
    this.settings = keepSettings(environment);
    this.ownPrompts = ownPrompts;
    this.requestId = toRequestId(request.headers.get("X-Request-Id"));
  }

  elapsedMs(): number {
    return Math.round((performance.now() - this.#startedAt) * 10) / 10;
  }

  atEnd(task: () => Promise<void>): void {
    this.#tasks.push(task);
  }

  /** Notes an error for the log line and returns it as the {@link ApiError} that callers may see. */
  fail(thrown: unknown): ApiError {
    const error = toApiError(thrown);
    this.log.error = error.code;
    if (error !== thrown) this.log.cause = describeBug(thrown);
    return error;
  }

  /**
   * Opens a response body that delivers `source`. From now on the call ends when this body ends or
   * when the caller closes the connection, and not when the handler returns.
   */
  openStream(source: ByteSource): ReadableStream<Uint8Array> {
    this.#isStreaming = true;
    return toByteStream(source, {
      onBytes: () => this.#firstByteMs ??= this.elapsedMs(),
      onEnd: () => this.#end(),
      onBug: (thrown) => void this.fail(thrown),
    });
  }

  /**
   * Keeps a response open until the call's tasks have run: the caller must not wait for them, and no
   * platform lets work go on behind a closed response. So the body becomes a stream with a
   * `Content-Length`: the caller has all bytes at once, the tasks run, and then the stream closes.
   *
   * @returns the same response when there is nothing to wait for, or no body.
   */
  keepOpen(response: Response): Response | Promise<Response> {
    if (this.#isStreaming || this.#tasks.length === 0) return response;
    const { method, signal } = this.request;
    if (method === "HEAD" || WITHOUT_BODY.includes(response.status)) return response;
    return signal.aborted ? response : this.#openBody(response);
  }

  async #openBody(response: Response): Promise<Response> {
    // `response.body` turns the body into a stream, which is slower to send and to read.
    if (response.headers.get("Content-Type")?.startsWith("application/json")) {
      const bytes = await response.bytes();
      const open = new Response(this.openStream(toSource(bytes)), response);
      open.headers.set("Content-Length", String(bytes.length));
      return open;
    }
    const { body } = response;
    return body ? new Response(this.openStream(readBody(body)), response) : response;
  }

  /**
   * Notes which response is sent, and ends the call, with its tasks, unless the response is a stream.
   *
   * @returns the response.
   */
  deliver(response: Response): Response | Promise<Response> {
    this.#status = response.status;
    if (this.#isStreaming) return response;
    const ended = this.#end();
    return this.#tasks.length === 0 ? response : ended.then(() => response);
  }

  #end(): Promise<void> {
    return this.#ended ??= this.#finish();
  }

  /** Without tasks, the line is written before this returns. */
  async #finish(): Promise<void> {
    this.#firstByteMs ??= this.elapsedMs();
    for (const task of this.#tasks) {
      try {
        await task();
      } catch (thrown) {
        this.log.cause = describeBug(thrown);
      }
    }
    this.#writeLine();
  }

  #writeLine(): void {
    const ms = this.elapsedMs();
    const line: Record<string, unknown> = {
      timestamp: new Date().toISOString(),
      slug: this.slug,
      request_id: this.requestId,
      user_id: this.userId,
      method: this.request.method,
      status: this.#status,
      ms,
      first_byte_ms: this.#firstByteMs ?? ms,
    };
    for (const name in this.log) line[name] = toLogValue(this.log[name as keyof LogFields]);
    writeLogLine(JSON.stringify(line));
  }
}

/** Bytes as one piece. */
function toSource(bytes: Uint8Array): ByteSource {
  let rest: Uint8Array | undefined = bytes;
  return {
    read() {
      const piece = rest;
      rest = undefined;
      return Promise.resolve(piece);
    },
    cancel: () => Promise.resolve(),
  };
}

/** The body of a response that a handler streams by itself. */
function readBody(body: ReadableStream<Uint8Array>): ByteSource {
  const reader = body.getReader();
  return { read: async () => (await reader.read()).value, cancel: () => reader.cancel() };
}

/** The caller's own id when it has the form of one, so that a trace can cross services. */
function toRequestId(given: string | null): string {
  return given && /^[\w.:-]{1,128}$/.test(given) ? given : crypto.randomUUID();
}

/** Name and place of a bug. Its message is left out: it may quote a prompt, a row or a key. */
function describeBug(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `thrown ${typeof thrown}`;
  if (thrown instanceof ProgrammerError) return thrown.message;
  const frames = thrown.stack?.split("\n").filter((line) => /^\s+at /.test(line)) ?? [];
  return [thrown.name, ...frames.slice(0, 5).map((line) => line.trim())].join(" ");
}

/** Bounds what a log line may hold: a gateway may send anything in place of a text. */
function toLogValue(value: unknown): unknown {
  if (typeof value === "object" || typeof value === "bigint") return undefined;
  if (typeof value !== "string" || value.length <= MAX_LOG_CHARS) return value;
  return value.slice(0, MAX_LOG_CHARS).toWellFormed();
}
