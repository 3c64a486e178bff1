/** The requests of the benchmark and the responses of its upstream: constant bytes, all ASCII. */

/** The model that streams as fast as the socket accepts data. */
const FAST_MODEL = "bench/fast";
/** The model that streams one word, and the rest a moment later. */
export const ONE_WORD_MODEL = "bench/one-word";

/** Data events of a whole stream, without the closing `[DONE]`. */
export const CHUNKS_PER_STREAM = 200;

const USAGE = {
  prompt_tokens: 21,
  completion_tokens: 198,
  total_tokens: 219,
  cost: 0.000122,
  is_byok: false,
};

/** The request for one JSON response. */
export const CHAT_REQUEST: string = toRequest({});
/** The request for a stream of {@link CHUNKS_PER_STREAM} chunks. */
export const STREAM_REQUEST: string = toRequest({ stream: true });
/** The request for a stream whose first word comes by itself. */
export const ONE_WORD_REQUEST: string = toRequest({ model: ONE_WORD_MODEL, stream: true });

/** The text of the JSON response. */
export const ANSWER: string = "Carrots keep in damp sand, onions where it is dry. ".repeat(12);

/** A completion of about one kilobyte. */
export const COMPLETION: string = JSON.stringify({
  ...toHead("chat.completion"),
  choices: [{
    index: 0,
    finish_reason: "stop",
    native_finish_reason: "stop",
    logprobs: null,
    message: { role: "assistant", content: ANSWER, refusal: null, reasoning: null },
  }],
  usage: USAGE,
});

/** The events of a stream, with OpenRouter's fields and in its order. */
export const EVENTS: string[] = [
  ": OPENROUTER PROCESSING\n\n",
  ...Array.from({ length: CHUNKS_PER_STREAM - 2 }, (_, i) => toEvent(` word${i}`, null)),
  toEvent("", "stop"),
  toEvent("", "stop", { usage: USAGE }),
  "data: [DONE]\n\n",
];

function toRequest(fields: Record<string, unknown>): string {
  return JSON.stringify({
    model: FAST_MODEL,
    messages: [
      { role: "system", content: "You answer in one paragraph." },
      { role: "user", content: "Which vegetables keep well through the winter, and how?" },
    ],
    temperature: 0.2,
    ...fields,
  });
}

function toHead(object: string): Record<string, unknown> {
  return {
    id: "gen-1790000000-bench",
    object,
    created: 1_790_000_000,
    model: FAST_MODEL,
    provider: "OpenAI",
  };
}

function toEvent(content: string, finishReason: string | null, rest = {}): string {
  const chunk = {
    ...toHead("chat.completion.chunk"),
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
