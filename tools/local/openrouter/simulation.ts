/** How a request controls the behaviour of the simulated OpenRouter. */
import * as z from "zod/mini";
import { hashText } from "./hash.ts";
import { invalidRequest } from "./refusal.ts";

const count = z.int().check(z.gte(0), z.lte(1_000));
/** The longest wait is ten minutes. */
const ms = z.int().check(z.gte(0), z.lte(600_000));

const simulation = z.strictObject({
  times: z.optional(count),
  key: z.optional(z.string()),
  text: z.optional(z.string()),
  delay_ms: z.optional(ms),
  chunk_delay_ms: z.optional(ms),
  chop: z.optional(z.int().check(z.gte(1))),
  comments_before: z.optional(count),
  comments_between: z.optional(count),
  comment_delay_ms: z.optional(ms),
  first_delay_ms: z.optional(ms),
  line_end: z.optional(z.enum(["lf", "crlf"])),
  status: z.optional(z.int().check(z.gte(400), z.lte(599))),
  message: z.optional(z.string()),
  code: z.optional(z.union([z.int(), z.string()])),
  error_type: z.optional(z.string()),
  metadata: z.optional(z.record(z.string(), z.unknown())),
  retry_after: z.optional(z.union([z.number(), z.string()])),
  rate_limit: z.optional(z.enum(["headers", "metadata"])),
  body: z.optional(z.enum(["html", "empty", "string"])),
  fail: z.optional(
    z.enum([
      "body",
      "event",
      "choice",
      "native",
      "cut",
      "cut_frame",
      "stall",
      "stall_with_comments",
    ]),
  ),
  after: z.optional(count),
  error_shape: z.optional(
    z.enum(["finish_reason", "empty_choices", "no_choices", "string", "response.error", "error"]),
  ),
  stall_ms: z.optional(ms),
  answer: z.optional(z.enum(["empty", "no_text", "refusal"])),
  native_finish_reason: z.optional(z.string()),
  content: z.optional(z.enum(["null", "missing", "parts", "thinking"])),
  audio: z.optional(z.enum(["empty"])),
  empty_error: z.optional(z.enum(["string", "object"])),
  form: z.optional(z.enum(["json", "sse"])),
  content_type: z.optional(z.string()),
  byok: z.optional(z.boolean()),
  usage: z.optional(z.enum(["A", "B", "C", "D", "none"])),
  repeat_finish: z.optional(z.boolean()),
  finish_every_chunk: z.optional(z.boolean()),
  done: z.optional(z.boolean()),
  image_bytes: z.optional(z.int().check(z.gte(0), z.lte(64 * 1024 * 1024))),
  tool_calls: z.optional(
    z.enum([
      "fragmented",
      "whole",
      "parallel",
      "same_index",
      "index_gap",
      "with_finish",
      "no_finish",
      "empty_arguments",
      "object_arguments",
    ]),
  ),
  video_polls: z.optional(count),
  video_status: z.optional(z.enum(["failed", "cancelled", "expired"])),
  video_bytes: z.optional(z.int().check(z.gte(0), z.lte(64 * 1024 * 1024))),
  polling_url: z.optional(z.enum(["relative", "absolute", "elsewhere"])),
  vectors: z.optional(z.enum(["unordered", "empty", "missing", "base64"])),
  down: z.optional(z.array(z.string())),
  credits: z.optional(z.number()),
  microcredits: z.optional(z.enum(["beside", "inside", "nowhere"])),
  envelope: z.optional(
    z.enum([
      "missing_key",
      "invalid_key",
      "invalid_project",
      "missing_project",
      "not_configured",
      "no_balance",
      "too_large",
      "build_failed",
      "unavailable",
    ]),
  ),
});

/**
 * The field `simulate` of a request body: what happens instead of a plain answer. An unknown key or
 * value is a 400. Times are milliseconds up to 600000, counts go up to 1000. Chat completions support
 * all keys, responses and messages all that apply there. Embeddings, images and videos support `times`, `key`, `down`,
 * `credits`, `delay_ms`, `byok`, every error status, a `fail` of `body`, `event`, `cut`, `cut_frame` or
 * `stall` (the last three in the middle of the JSON), and their own `image_bytes` and `vectors`.
 *
 * | key | value, default | what happens |
 * | --- | --- | --- |
 * | `times`, `key` | number, text | only for the first `times` requests with this `key` (default: with the same body); later ones are as without `simulate` |
 * | `text` | text | the answer, word for word |
 * | `down` | model ids | these models are down: `models` falls back, alone they are a 502 |
 * | `credits` | USD | the credits that are left; a request that could cost more is a 402 |
 * | **pace** | | |
 * | `delay_ms` | 0 | time before the response starts |
 * | `chunk_delay_ms` | 25 | time before each chunk of a stream |
 * | `chop` | bytes | the stream is written in pieces of this size, across events and characters |
 * | `comments_before`, `comments_between` | 1, 0 | keep-alive comments before the first chunk, and before each later one |
 * | `comment_delay_ms` | 0 | time before each of these comments |
 * | `first_delay_ms` | `chunk_delay_ms` | time before the first chunk, after the headers |
 * | `line_end` | `lf` `crlf` | how lines end |
 * | **error status** | | |
 * | `status` | 400–599 | the status, with its usual message |
 * | `message`, `code`, `error_type`, `metadata` | | the fields of the error; also of errors inside a 200, whose default `code` is 502 |
 * | `retry_after` | seconds or text | the header `Retry-After`, however large; absent: none |
 * | `rate_limit` | `headers` `metadata` | where the limits are: in `X-RateLimit-*` headers, or only in the metadata |
 * | `body` | `html` `empty` `string` | the error as an HTML page, an empty body, or a string instead of an object |
 * | **failed after 200** | | |
 * | `fail` | `body` | `{ id, error }` and no choices, as JSON even where a stream was asked for |
 * | | `event` | an error event after `after` chunks; without a stream the same as `body` |
 * | | `choice` | the error only inside the choice; for streamed responses the same as `event` |
 * | | `native` | an empty answer with `native_finish_reason: "network_error"` |
 * | | `cut` `cut_frame` | the connection is cut after `after` chunks, or in the middle of the next one |
 * | | `stall` `stall_with_comments` | nothing more is sent, or only comments, every 500 ms or `chunk_delay_ms` if that is less |
 * | `after` | 3 | the number of chunks before the failure; 0 makes it the first event |
 * | `error_shape` | `finish_reason` `empty_choices` `no_choices` `string` | the form of an error event |
 * | | `response.error` `error` | the event that ends a response in place of `response.failed` |
 * | `stall_ms` | 120000 | the length of a stall; then the stream ends without `[DONE]` |
 * | **odd, but right** | | |
 * | `answer` | `empty` `no_text` `refusal` | an empty text without tokens; a finished turn without text that cost tokens; a refusal with `content_filter` |
 * | `native_finish_reason` | text | the provider's own reason, such as `IMAGE_SAFETY` beside `"answer":"no_text"` |
 * | `content` | `null` `missing` | what `content` is when there is no text |
 * | | `parts` `thinking` | the text as a list of parts, or such a list without any text |
 * | `audio` | `empty` | an `audio: {}` in the message and in every delta |
 * | `empty_error` | `string` `object` | an empty `error` beside a good answer |
 * | `form` | `json` `sse` | JSON or events, whatever was asked for |
 * | `content_type` | text | the `Content-Type` of a good answer |
 * | `byok` | false | the project's own provider key pays: `cost` is 0, the price is in `cost_details` |
 * | `usage` | `A` `B` `C` `D` `none` | usage in a last chunk that repeats the finish; with `choices: []`; with a finish of null; in the finishing chunk; missing |
 * | `repeat_finish` | false | the finishing chunk comes twice |
 * | `finish_every_chunk` | false | `finish_reason` is in every chunk |
 * | `done` | true | whether `[DONE]` is sent; after an error the default is false |
 * | `tool_calls` | `fragmented` `whole` | arguments in pieces, or a call in one chunk |
 * | | `parallel` `same_index` `index_gap` | two calls, two with one index, one whose index is not 0 |
 * | | `with_finish` `no_finish` | finished by the call's own chunk, or never |
 * | | `empty_arguments` `object_arguments` | `""` or a JSON object for arguments |
 * | `image_bytes` | number | the minimum size of images, which are sent on one line |
 * | `video_polls` | 2 | how often a job is asked for until it has ended |
 * | `video_status` | `failed` `cancelled` `expired` | how a job ends in place of `completed`; it costs nothing |
 * | `video_bytes` | number | the minimum size of a video |
 * | `polling_url` | `relative` `absolute` `elsewhere` | the form of a job's `polling_url`; the last is on another host |
 * | `vectors` | `unordered` `empty` `missing` `base64` | embeddings in reverse order, empty, one too few, or base64 without being requested |
 * | **other gateways** | | |
 * | `microcredits` | `beside` `inside` `nowhere` | where Pinata's 402 has the balance: beside the error, in it |
 * | `envelope` | `missing_key` `invalid_key` `invalid_project` `missing_project` `not_configured` `no_balance` `too_large` `build_failed` `unavailable` | a failure of PinMe's own |
 *
 * OpenRouter's own fields work as there: `debug.echo_upstream_body` for a debug chunk, `max_tokens` for a
 * cut answer, `models` for a fallback.
 */
export type Simulation = z.infer<typeof simulation>;

/** Counts the requests for `times`. */
export interface Attempts {
  /** Returns the simulation that a body asks for; an empty one after its `times`. */
  readSimulation(body: Record<string, unknown>): Simulation;
}

/** How many keys are kept. Older ones are forgotten. */
const MAX_KEYS = 1_000;

/** Starts counting attempts. */
export function createAttempts(): Attempts {
  const counts = new Map<string, number>();
  return {
    readSimulation(body) {
      const asked = parseSimulation(body.simulate);
      if (asked.times === undefined) return asked;
      const key = asked.key ?? String(hashText(JSON.stringify(body)));
      const attempt = (counts.get(key) ?? 0) + 1;
      counts.set(key, attempt);
      if (counts.size > MAX_KEYS) counts.delete(counts.keys().next().value!);
      return attempt > asked.times ? {} : asked;
    },
  };
}

/** Parses the field `simulate` of a body. @throws {Refusal} 400 for an unknown key or value */
export function parseSimulation(value: unknown): Simulation {
  if (value === undefined || value === null) return {};
  const { success, data, error } = simulation.safeParse(value);
  if (success) return data;
  const issue = error.issues[0]!;
  const path = issue.code === "unrecognized_keys" ? [...issue.path, ...issue.keys] : issue.path;
  throw invalidRequest(`"${["simulate", ...path].join(".")}" is unknown or has an invalid value`);
}
