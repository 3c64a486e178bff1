/** Responses of the gateway and of InsForge: those of healthy servers, and those of any others. */
import fc from "fast-check";
import type { Fate, Reply, Server } from "./fake_network.ts";
import { hostileValue, spoilt, spoiltText, toText } from "./hostile_values.ts";
import { createSettings } from "../../shared/settings.ts";
import { sealUserKey } from "../../shared/user_keys/user_key.ts";
import { ENVIRONMENTS, OPENROUTER_KEY, USER_ID } from "./world.ts";

const encoder = new TextEncoder();

const USAGE = {
  prompt_tokens: 10,
  completion_tokens: 5,
  total_tokens: 15,
  cost: 0.0012,
  is_byok: false,
  cost_details: { upstream_inference_cost: null },
};
const ABOUT = {
  id: "gen-1700000000-abc",
  created: 1_700_000_000,
  model: "openai/gpt-4o-mini",
  provider: "OpenAI",
};
const TOOL_CALL = { id: "call_1", type: "function", function: { name: "f", arguments: "{}" } };
const DRAWN = { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } };
const CITATION = { type: "url_citation", url_citation: { url: "https://a.example", title: "A" } };

function toCompletion(message: object, rest: object = {}): object {
  return {
    ...ABOUT,
    object: "chat.completion",
    choices: [{
      index: 0,
      finish_reason: "stop",
      native_finish_reason: "stop",
      message: { role: "assistant", content: "Hello!", refusal: null, reasoning: null, ...message },
    }],
    usage: USAGE,
    ...rest,
  };
}

function toChunk(delta: object, rest: object = {}, finish_reason: string | null = null): object {
  const choices = [{ index: 0, delta, finish_reason, native_finish_reason: finish_reason }];
  return { ...ABOUT, object: "chat.completion.chunk", choices, ...rest };
}

const RESPONSE = {
  id: "gen-resp-1",
  object: "response",
  model: "openai/gpt-4o-mini",
  status: "completed",
  output: [{
    type: "message",
    id: "msg_1",
    role: "assistant",
    content: [{ type: "output_text", text: "Hello!", annotations: [] }],
  }],
  usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15, cost: 0.0012 },
};
const EMBEDDINGS = {
  object: "list",
  model: "openai/text-embedding-3-small",
  data: [{ object: "embedding", index: 0, embedding: [0.1, -0.2, 0.3] }],
  usage: { prompt_tokens: 3, total_tokens: 3, cost: 0.000001 },
};
const IMAGES = { created: 1, data: [{ b64_json: "AAAA", media_type: "image/png" }], usage: USAGE };
const MODELS = {
  data: [{
    id: "openai/gpt-4o-mini",
    name: "GPT-4o mini",
    created: 1_700_000_000,
    context_length: 128_000,
    architecture: { input_modalities: ["text"], output_modalities: ["text"] },
    pricing: { prompt: "0.00000015", completion: "0.0000006" },
    supported_parameters: ["tools"],
  }],
};
const ERRORS: object[] = [
  { error: { code: 429, message: "Rate limit exceeded", metadata: { headers: {} } } },
  { error: { code: 402, message: "Insufficient credits", metadata: { limit_source: "x" } } },
  {
    error: {
      code: 403,
      message: "flagged",
      metadata: { reasons: ["violence"], flagged_input: "x", provider_name: "P", raw: "{}" },
    },
  },
  { error: { code: 400, message: `bad key ${OPENROUTER_KEY} in field 'key_points'` } },
  { error: { code: 502, message: "Provider returned error", metadata: { raw: { a: 1 } } } },
  { error: "no", message: "no", statusCode: 400 },
];

const COMPLETIONS: object[] = [
  toCompletion({}),
  toCompletion({ content: null, tool_calls: [TOOL_CALL] }, { finish_reason: "tool_calls" }),
  toCompletion({ images: [DRAWN], annotations: [CITATION], reasoning_details: [{ text: "x" }] }),
  toCompletion({ content: [{ type: "text", text: "a" }] }),
  toCompletion({}, { choices: [] }),
];
const CHUNKS: object[] = [
  toChunk({ role: "assistant", content: "Hel" }),
  toChunk({ content: "lo" }),
  toChunk({ tool_calls: [{ index: 0, ...TOOL_CALL }] }),
  toChunk({ tool_calls: [{ index: 0, function: { arguments: "{}" } }] }),
  toChunk({ annotations: [CITATION], images: [DRAWN] }),
  toChunk({ content: "" }, {}, "stop"),
  toChunk({ content: "" }, { usage: USAGE }, "stop"),
  { ...ABOUT, choices: [], usage: USAGE },
];
const MESSAGE = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "anthropic/claude-sonnet-4.5",
  content: [{ type: "text", text: "Hello" }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 3, cache_read_input_tokens: 10, output_tokens: 2, cost: 0.001 },
};
const MESSAGE_EVENTS = [
  { type: "message_start", message: { ...MESSAGE, content: [], stop_reason: null } },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hello" } },
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 2 } },
  { type: "message_stop" },
];
const RESPONSE_EVENTS: object[] = [
  {
    type: "response.created",
    sequence_number: 0,
    response: { ...RESPONSE, status: "in_progress" },
  },
  { type: "response.output_item.added", sequence_number: 1, item: { type: "message" } },
  { type: "response.output_text.delta", sequence_number: 2, delta: "Hello!" },
  { type: "response.completed", sequence_number: 3, response: RESPONSE },
  { type: "response.failed", sequence_number: 3, response: { ...RESPONSE, error: { code: "x" } } },
  { type: "error", sequence_number: 3, error: { code: 500, message: "x" } },
];
const STORED_KEY = {
  user_id: USER_ID,
  key: await sealUserKey("sk-or-v1-users-own", USER_ID, createSettings(ENVIRONMENTS[1])),
  label: "sk-or-v1-u...n",
  created_at: "2026-11-21T00:00:00Z",
};
const ROWS: unknown[] = [[{ a: 1, b: "x" }, { a: 2, b: null }], [], {}, {
  message: "m",
  code: "42P01",
}];

/** A gateway that works answers so. */
export function healthyFate({ path, body }: { path: string; body: string }): Fate {
  const { stream, input } = (body ? JSON.parse(body) : {}) as { stream?: boolean; input?: unknown };
  if (path.startsWith("/chat/completions")) {
    return stream ? toStreamReply([CHUNKS[0], CHUNKS[1], CHUNKS[6]]) : toReply(COMPLETIONS[2]);
  }
  if (path.startsWith("/responses")) {
    return stream ? toStreamReply(RESPONSE_EVENTS.slice(0, 4)) : toReply(RESPONSE);
  }
  if (path.startsWith("/messages")) {
    return stream ? toStreamReply(MESSAGE_EVENTS) : toReply(MESSAGE);
  }
  if (path.startsWith("/embeddings")) {
    const count = Array.isArray(input) && typeof input[0] !== "number" ? input.length : 1;
    const data = Array.from({ length: count }, (_, index) => ({ ...EMBEDDINGS.data[0], index }));
    return toReply({ ...EMBEDDINGS, data });
  }
  if (path.startsWith("/images")) return toReply(IMAGES);
  if (path.startsWith("/models")) return toReply(MODELS);
  if (path.startsWith("/key")) return toReply({ data: { label: "sk-or-v1-a...b", usage: 1 } });
  return toReply({ error: { code: 404, message: "Not Found" } }, 404);
}

/** An InsForge that has rows, a bucket, and no tables of this package. */
export function healthyInsForge({ path }: Parameters<Server["decide"]>[0]): Fate {
  if (path.includes("ai_user_keys")) return toReply([STORED_KEY]);
  if (path.includes("/rpc/")) {
    return toReply({ code: "PGRST202", message: "Could not find the function" }, 404);
  }
  if (path.startsWith("/api/storage")) return toReply({ method: "direct", key: "k", url: "/u" });
  return toReply(ROWS[0]);
}

/** Anything that a server can answer, among it much that is nearly right for the operation. */
export function hostileFate(path: string): fc.Arbitrary<Fate> {
  const examples = toExamples(path);
  const json = spoiltText(fc.oneof(
    { weight: 4, arbitrary: spoilt(examples, 2) },
    { weight: 1, arbitrary: spoilt(ERRORS, 2) },
    { weight: 1, arbitrary: hostileValue },
  ));
  const text = fc.oneof(
    { weight: 4, arbitrary: json },
    { weight: 3, arbitrary: streamText },
    { weight: 1, arbitrary: fc.constantFrom("", "<html><h1>502</h1>", "upstream error", "\0") },
  );
  const reply: fc.Arbitrary<Reply> = fc.record({
    status: fc.oneof(
      { weight: 12, arbitrary: fc.constant(200) },
      {
        weight: 4,
        arbitrary: fc.constantFrom(
          ...[201, 202, 204, 301, 307, 400, 401, 402, 403, 404, 408, 409, 413, 418, 422, 429, 451],
          ...[500, 502, 503, 504, 524, 529, 599],
        ),
      },
    ),
    headers: fc.record({
      "content-type": fc.constantFrom("application/json", "text/event-stream", "text/html", ""),
      "x-generation-id": fc.option(fc.constantFrom("gen-1", "é", "x".repeat(2_000), " "), {
        nil: "",
        freq: 6,
      }),
      "retry-after": fc.option(
        fc.constantFrom("0", "1", "9999999", "-1", "x", "Wed, 21 Oct 2026 07:28:00 GMT", "1e9"),
        { nil: "", freq: 4 },
      ),
    }).map((headers) =>
      Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ""))
    ),
    pieces: fc.tuple(text, fc.constantFrom(0, 0, 1, 7, 100)).map(([text, size]) =>
      chop(text, size)
    ),
    end: fc.constantFrom("close", "close", "close", "close", "cut", "hang"),
  });
  return fc.oneof(
    { weight: 16, arbitrary: reply },
    { weight: 1, arbitrary: fc.constantFrom("refused", "reset", "silent") },
  );
}

function toExamples(path: string): unknown[] {
  if (path === "/insforge") return ROWS;
  if (/embeddings/.test(path)) return [EMBEDDINGS];
  if (/images/.test(path)) return [IMAGES];
  if (/responses/.test(path)) return [RESPONSE];
  if (/messages/.test(path)) return [MESSAGE];
  if (/models/.test(path)) return [MODELS];
  if (/connect/.test(path)) return [{ key: "sk-or-v1-new" }, { data: { label: "a", limit: 1 } }];
  return [...COMPLETIONS, IMAGES];
}

const EVENTS = [...CHUNKS, ...RESPONSE_EVENTS, ...MESSAGE_EVENTS, ...ERRORS];
/** Events that cannot be read are passed on unchanged, so none of them may hold a key. */
const SAFE_EVENTS = EVENTS.filter((event) => !JSON.stringify(event).includes(OPENROUTER_KEY));

/** The text of an event stream: good events, spoilt ones, comments, and other text. */
export const streamText: fc.Arbitrary<string> = fc.tuple(
  fc.array(
    fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...EVENTS).map((event) => `data: ${toText(event)}`) },
      { weight: 3, arbitrary: spoiltText(spoilt(SAFE_EVENTS, 2)).map((text) => `data: ${text}`) },
      {
        weight: 3,
        arbitrary: fc.constantFrom(
          ...[": OPENROUTER PROCESSING", "data: [DONE]", "data:[DONE]", "data: null", "data: 1"],
          ...["data:", "event: error", "id: 1", "retry: 1", "", "data: {\ndata: }", "{}", "\ufeff"],
        ),
      },
    ),
    { maxLength: 8 },
  ),
  fc.constantFrom("\n\n", "\n\n", "\r\n\r\n", "\r\r", "\n"),
  fc.boolean(),
).map(([events, gap, isClosed]) => events.join(gap) + (isClosed ? gap : ""));

/** The bytes of a text in pieces of `size` bytes, which cut events and characters; 0 is one piece. */
export function chop(text: string, size: number): Uint8Array[] {
  const bytes = encoder.encode(text);
  if (size === 0) return [bytes];
  // A long text in tiny pieces would only take long.
  const step = Math.max(size, Math.ceil(bytes.length / 200));
  const count = Math.ceil(bytes.length / step);
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * step, (i + 1) * step));
}

/** A JSON response. */
export function toReply(value: unknown, status = 200): Reply {
  const headers = { "content-type": "application/json" };
  return { status, headers, pieces: [encoder.encode(JSON.stringify(value))], end: "close" };
}

function toStreamReply(events: unknown[]): Reply {
  const data = [...events.map((event) => JSON.stringify(event)), "[DONE]"];
  const pieces = data.map((one) => encoder.encode(`data: ${one}\n\n`));
  return { status: 200, headers: { "content-type": "text/event-stream" }, pieces, end: "close" };
}
