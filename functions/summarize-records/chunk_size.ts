/** How many bytes of rows fit into one prompt. */
import type { Fields } from "../../shared/fields.ts";
import { chooseGateway } from "../../shared/gateway/gateway.ts";
import type { Fetching } from "../../shared/openrouter/json_responses.ts";
import { listModels, type Model } from "../../shared/openrouter/models.ts";
import { readDefaultModel, toCompletionBody } from "../../shared/request/chat_request.ts";
import { readOutputLimit } from "../../shared/request/output_tokens.ts";
import type { Settings } from "../../shared/settings.ts";

/** The least that JSON has of UTF-8 per token: ids and numbers have many tokens. */
const BYTES_PER_TOKEN = 2;
/** What the prompt says beside the rows and the caller's instructions, tokens. */
const PROMPT_TOKENS = 400;
/** Fits every model, so its context length is not asked for. */
const SMALL_BYTES = 6_000;
/** The size where the context length is unknown. */
const USUAL_BYTES = 100_000;
/** Larger prompts take too long to answer, and models overlook parts of them. */
const MAX_BYTES = 400_000;

/** What decides the size of a chunk. */
export interface ChunkNeeds {
  /** The size of all rows in bytes. */
  bytes: number;
  /** The fields of the completion, such as `model` and `max_tokens`. */
  options: Fields;
  /** What the caller wants to know. */
  instructions: string | undefined;
}

/**
 * The largest chunk that the model takes beside its output limit.
 *
 * With several models, which are fallbacks for each other, the smallest counts. When the catalogue
 * cannot be read, the usual size is taken.
 *
 * @returns a size in bytes of UTF-8.
 */
export async function readChunkBytes(
  call: Fetching,
  { bytes, options, instructions = "" }: ChunkNeeds,
): Promise<number> {
  if (bytes <= SMALL_BYTES) return SMALL_BYTES;
  const context = await readContextLength(call, options);
  if (context === undefined) return USUAL_BYTES;
  const output = readOutputLimit(toCompletionBody(options, call.settings)) ?? 0;
  const wishes = new TextEncoder().encode(instructions).length / BYTES_PER_TOKEN;
  const size = (context - output - PROMPT_TOKENS - wishes) * BYTES_PER_TOKEN;
  return Math.floor(Math.max(SMALL_BYTES, Math.min(size, MAX_BYTES)));
}

/** The context length in tokens of the model, or the smallest of several. */
async function readContextLength(call: Fetching, options: Fields): Promise<number | undefined> {
  const models = await listModels(call).then(({ data }) => data, () => []);
  const lengths = listNames(options, call.settings)
    .map((name) => models.find(({ id }) => id === name.replace(/:[\w-]+$/, "") || id === name))
    .map(toContextLength)
    .filter((length) => length !== undefined);
  return lengths.length > 0 ? Math.min(...lengths) : undefined;
}

function listNames({ model, models }: Fields, settings: Settings): string[] {
  const named = [model, models].flat().filter((name) => typeof name === "string");
  if (named.length > 0) return named;
  return [readDefaultModel(settings) ?? chooseGateway(settings).chatModel];
}

/** A provider may take less than the model itself. */
function toContextLength(model: Model | undefined): number | undefined {
  const { context_length } = Object(model?.top_provider) as Fields;
  const lengths = [model?.context_length, context_length]
    .filter((length) => typeof length === "number" && length > 0) as number[];
  return lengths.length > 0 ? Math.min(...lengths) : undefined;
}
