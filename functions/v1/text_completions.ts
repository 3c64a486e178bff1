/**
 * OpenAI's first API, which continues a text. OpenRouter serves it for models that can.
 * https://platform.openai.com/docs/api-reference/completions
 */
import * as z from "zod/mini";
import { type ApiError, toOpenAIErrorEvent } from "../../shared/errors.ts";
import type { Fields } from "../../shared/fields.ts";
import { unusable } from "../../shared/gateway/failures.ts";
import type { Call } from "../../shared/http/call.ts";
import type { ByteSource } from "../../shared/http/event_stream.ts";
import { requestJson, requestStream } from "../../shared/openrouter/call.ts";
import { readChunk } from "../../shared/openrouter/chat_protocol.ts";
import { toStreamed } from "../../shared/openrouter/completions.ts";
import { empty, isEmpty, type Protocol, type Verdict } from "../../shared/openrouter/protocol.ts";
import { readDefaultModel } from "../../shared/request/chat_request.ts";
import { requireInputTokens } from "../../shared/request/input_tokens.ts";
import { outputLimits } from "../../shared/request/chat_schemas.ts";
import { withOutputLimit } from "../../shared/request/output_tokens.ts";
import { nonEmptyText } from "../../shared/request/text_fields.ts";
import type { Settings } from "../../shared/settings.ts";
import type { TokenUsage } from "../../shared/token_usage.ts";

/** The text to continue; OpenRouter's other fields pass through. */
export const textCompletionRequest = z.looseObject({
  /** One text. A list would be as many completions, which one output limit does not bound. */
  prompt: nonEmptyText,
  /** The setting `OPENROUTER_CHAT_MODEL` unless given. */
  model: z.optional(nonEmptyText),
  models: z.optional(z.array(nonEmptyText).check(z.minLength(1))),
  ...outputLimits,
  stream: z.nullish(z.boolean()),
});

/** A completion, or one chunk of a streamed one. */
export interface TextCompletion {
  id?: string;
  object?: string;
  model?: string;
  /** The continuations, or a piece of each. */
  choices?: { text?: string; index?: number; finish_reason?: string | null }[];
  usage?: TokenUsage | null;
}

/** How completions and their chunks are read; both have the same form. */
export const textProtocol: Protocol = {
  createReader: () => ({
    read: readText,
    isNotable: (text) => NOTABLE.test(text),
    toErrorEvent: toOpenAIErrorEvent,
  }),
  toEvents: (completion) => completion.choices || completion.error ? [completion] : [],
  toResponse: joinChunks,
};

const NOTABLE = /"(?:finish_reason|usage|error)"\s*:\s*[^\sn]/;
const PATH = "/completions";

/** Creates the body of a completion, with a model and an output limit. */
export function toTextParams(
  request: z.infer<typeof textCompletionRequest>,
  settings: Settings,
): Fields {
  requireInputTokens({ prompt: request.prompt }, settings);
  const model = request.models ? undefined : readDefaultModel(settings);
  return withOutputLimit(PATH, { model, ...request }, { settings, lowersLimits: true });
}

/**
 * Requests one whole completion.
 *
 * @throws {ApiError} as every call of OpenRouter; 502 for a completion without a text.
 */
export function createTextCompletion(call: Call, params: Fields): Promise<TextCompletion> {
  const operation = { path: PATH, params: { ...params, stream: false }, protocol: textProtocol };
  return requestJson<TextCompletion>(call, operation, requireText);
}

/**
 * Starts a streamed completion.
 *
 * @returns OpenRouter's bytes, guarded like every stream.
 * @throws {ApiError} as {@link createTextCompletion}.
 */
export function streamTextCompletion(call: Call, params: Fields): Promise<ByteSource> {
  return requestStream(call, { path: PATH, params: toStreamed(params), protocol: textProtocol });
}

function requireText(completion: TextCompletion, error: ApiError | undefined): void {
  if (error) throw error;
  if (!Array.isArray(completion.choices)) {
    throw unusable("The AI provider responded without a completion");
  }
  if (isEmpty(readText({ ...completion }))) throw empty();
}

/** Its chunks are those of a chat, but for where the text is. */
function readText(chunk: Fields): Verdict {
  return { ...readChunk(chunk), hasOutput: listChoices(chunk).some(({ text }) => Boolean(text)) };
}

/** Puts the chunks of a stream together, for a server that streams unasked. */
function joinChunks(chunks: Fields[]): Fields | undefined {
  const failed = chunks.find(({ error }) => error);
  const [first] = chunks.filter((chunk) => listChoices(chunk).length > 0);
  if (failed || !first) return failed;
  const joined = new Map<number, Fields>();
  for (const { index = 0, text = "", finish_reason, ...rest } of chunks.flatMap(listChoices)) {
    const before = joined.get(index);
    joined.set(index, {
      index,
      ...rest,
      text: `${before?.text ?? ""}${text}`,
      finish_reason: finish_reason ?? before?.finish_reason ?? null,
    });
  }
  const usage = chunks.findLast((chunk) => chunk.usage)?.usage;
  return { ...first, choices: [...joined.values()], usage };
}

function listChoices({ choices }: Fields): NonNullable<TextCompletion["choices"]> {
  return Array.isArray(choices) ? choices.filter((choice) => Object(choice) === choice) : [];
}
