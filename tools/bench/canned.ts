/** The requests of the benchmark and the responses of its upstream: constant bytes, all ASCII. */

/** The models of the upstream. Each name stands for one way to respond. */
export const MODELS = {
  /** Responds at once, with JSON of 1 KB or with a stream as fast as the socket accepts it. */
  fast: "bench/fast",
  /** Responds at once with JSON of 20 KB. */
  large: "bench/large",
  /** Sends a chunk of a stream every {@link PACE_MS}. */
  paced: "bench/paced",
  /** Sends one word of a stream, and the rest a moment later. */
  oneWord: "bench/one-word",
  /** Sends one word of a stream and nothing more until the connection is closed. */
  idle: "bench/idle",
};

/** Data events of a whole stream, without the closing `[DONE]`. */
export const CHUNKS_PER_STREAM = 200;
/** The time between two chunks of a paced stream: 100 chunks per second, a fast model. */
export const PACE_MS = 10;

const SENTENCE = "Carrots keep in damp sand, onions where it is dry. ";
const USAGE = {
  prompt_tokens: 21,
  completion_tokens: 198,
  total_tokens: 219,
  cost: 0.000122,
  is_byok: false,
};

/** A chat request whose prompt makes the body about so many bytes long. */
export function createChatRequest(model: string, bytes: number, stream = false): string {
  const create = (prompt: string) =>
    JSON.stringify({
      model,
      messages: [
        { role: "system", content: "You answer in one paragraph." },
        { role: "user", content: prompt },
      ],
      temperature: 0.2,
      ...(stream && { stream: true }),
    });
  const missing = Math.max(0, bytes - create("").length);
  return create(SENTENCE.repeat(Math.ceil(missing / SENTENCE.length)).slice(0, missing));
}

/** The JSON response of a model, about 1 KB or, of the model `large`, 20 KB. */
export function createCompletion(model: string): string {
  const content = SENTENCE.repeat(model === MODELS.large ? 385 : 12);
  return JSON.stringify({
    ...toHead("chat.completion", model),
    choices: [{
      index: 0,
      finish_reason: "stop",
      native_finish_reason: "stop",
      logprobs: null,
      message: { role: "assistant", content, refusal: null, reasoning: null },
    }],
    usage: USAGE,
  });
}

/** The events of a stream, with OpenRouter's fields and in its order. */
export const EVENTS: string[] = [
  ": OPENROUTER PROCESSING\n\n",
  ...Array.from({ length: CHUNKS_PER_STREAM - 2 }, (_, i) => toEvent(` word${i}`, null)),
  toEvent("", "stop"),
  toEvent("", "stop", { usage: USAGE }),
  "data: [DONE]\n\n",
];

/** The upstream's catalogue, from which the ledger takes its prices. */
export const CATALOGUE: string = JSON.stringify({
  data: Object.values(MODELS).map((id) => ({
    id,
    name: id,
    context_length: 128_000,
    pricing: { prompt: "0.00000015", completion: "0.0000006" },
    architecture: { input_modalities: ["text"], output_modalities: ["text"] },
    supported_parameters: ["max_tokens", "temperature"],
    top_provider: { context_length: 128_000, max_completion_tokens: 16_384 },
  })),
});

/** A response to `POST /embeddings`. */
export const EMBEDDINGS: string = JSON.stringify({
  object: "list",
  model: MODELS.fast,
  data: [{ object: "embedding", index: 0, embedding: [0.25, 0.5, 0.75] }],
  usage: { prompt_tokens: 4, total_tokens: 4, cost: 0.00000008 },
});

function toHead(object: string, model: string): Record<string, unknown> {
  return {
    id: "gen-1790000000-bench",
    object,
    created: 1_790_000_000,
    model,
    provider: "OpenAI",
  };
}

function toEvent(content: string, finishReason: string | null, rest = {}): string {
  const chunk = {
    ...toHead("chat.completion.chunk", MODELS.fast),
    choices: [{
      index: 0,
      delta: { role: "assistant", content },
      finish_reason: finishReason,
      native_finish_reason: finishReason,
      logprobs: null,
    }],
    ...rest,
  };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}
