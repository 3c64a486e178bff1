/** Replies of OpenRouter that all clients are tested with. */
import { chunk, DONE, type Reply, USAGE } from "../support/upstream.ts";

/** The parameters of the tool `get_weather`. */
export const PLACE = {
  type: "object" as const,
  properties: { city: { type: "string" as const } },
  required: ["city"],
  additionalProperties: false,
};

/** A tool in OpenAI's format. */
export const WEATHER = {
  type: "function" as const,
  function: { name: "get_weather", description: "The weather in a city", parameters: PLACE },
};

/** A call of `get_weather`. */
export const CALL = {
  id: "call_1",
  type: "function",
  function: { name: "get_weather", arguments: '{"city":"Oslo"}' },
};

/** The same call as a stream in pieces, with two finish chunks as OpenRouter sends them. */
export const STREAMED_CALL: Reply = {
  sse: [
    toolChunk({ id: CALL.id, type: CALL.type, function: { name: "get_weather", arguments: "" } }),
    toolChunk({ function: { arguments: '{"city":' } }),
    toolChunk({ function: { arguments: '"Oslo"}' } }),
    chunk({}, {}, "tool_calls"),
    chunk({}, { usage: USAGE }, "tool_calls"),
    DONE,
  ],
};

/** Vectors for two texts, in the wrong order. */
export const VECTORS: Reply = {
  json: {
    object: "list",
    model: "openai/text-embedding-3-small",
    data: [
      { object: "embedding", index: 1, embedding: [2, -3] },
      { object: "embedding", index: 0, embedding: [0.5, 0.25] },
    ],
    usage: { prompt_tokens: 2, total_tokens: 2 },
  },
};

function toolChunk(call: Record<string, unknown>): string {
  return chunk({ tool_calls: [{ index: 0, ...call }] });
}
