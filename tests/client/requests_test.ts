/** The client's request types and the schemas of the functions accept the same fields. */
import { assertEquals } from "@std/assert";
import type {
  AskRequest,
  ChatRequest,
  EmbeddingsRequest,
  ImageRequest,
  RerankRequest,
  SpeechRequest,
  SummaryRequest,
  TranscribeRequest,
  VideoRequest,
} from "../../client/mod.ts";
import { embeddingsRequest } from "../../functions/embeddings/schema.ts";
import { imageRequest } from "../../functions/image-gen/index.ts";
import { rerankRequest } from "../../shared/request/rerank_request.ts";
import { speechRequest } from "../../functions/speech/index.ts";
import { videoRequest } from "../../functions/video-gen/request.ts";
import { transcribeRequest } from "../../functions/transcribe/recording.ts";
import { askRequest } from "../../functions/ask-records/request.ts";
import { summaryRequest } from "../../functions/summarize-records/query.ts";
import { chatRequest } from "../../shared/request/chat_schemas.ts";

/** One request per function that uses every field whose form the function checks itself. */
const chat: ChatRequest = {
  messages: [
    { role: "system", content: "a" },
    { role: "developer", content: [{ type: "text", text: "a" }] },
    { role: "user", content: [{ type: "image_url", image_url: { url: "https://a.example/b" } }] },
    {
      role: "assistant",
      tool_calls: [{ id: "a", type: "function", function: { name: "f", arguments: "{}" } }],
    },
    { role: "tool", content: "a", tool_call_id: "a" },
  ],
  assistant: "a",
  variables: { b: 1 },
  model: "a/b",
  models: ["c/d"],
  max_tokens: 1,
  max_completion_tokens: 1,
  tools: [{ type: "function", function: { name: "a" } }],
  stream: true,
};
const embeddings: EmbeddingsRequest = {
  input: ["a"],
  model: "a/b",
  dimensions: 2,
  input_type: "query",
  encoding_format: "float",
};
const image: ImageRequest = {
  prompt: "a",
  images: ["https://a.example/b"],
  model: "a/b",
  max_tokens: 1,
  max_completion_tokens: 1,
  image_config: {},
  n: 1,
  save: { bucket: "b", prefix: "c/" },
};
const rerank: RerankRequest = {
  query: "a",
  documents: ["a", { text: "b" }],
  model: "a/b",
  top_n: 1,
};
const speech: SpeechRequest = {
  input: "a",
  model: "a/b",
  voice: "alloy",
  response_format: "mp3",
  speed: 1,
  save: { bucket: "b", prefix: "c/" },
};
const transcribe: TranscribeRequest = {
  audio: "YQ==",
  format: "mp3",
  model: "a/b",
  language: "en",
  temperature: 0,
  response_format: "json",
  timestamp_granularities: ["word"],
  save: { bucket: "b", signed_url_seconds: 60 },
};
const video: VideoRequest = {
  prompt: "a",
  model: "a/b",
  duration: 4,
  resolution: "720p",
  aspect_ratio: "16:9",
  size: "1280x720",
  frame_images: [{
    type: "image_url",
    image_url: { url: "https://a.example/b" },
    frame_type: "first_frame",
  }],
  generate_audio: true,
  seed: 1,
  previous_job_id: "a",
  save: { bucket: "b", prefix: "c/" },
};
const summary: SummaryRequest = {
  table: "t",
  columns: ["a"],
  filters: [
    { column: "a", op: "eq", value: 1 },
    { column: "a", op: "is", value: null },
    { column: "a", op: "in", value: ["b"] },
  ],
  order: { column: "a", ascending: true },
  limit: 1,
  instructions: "a",
  variables: { b: 1 },
  model: "a/b",
  max_tokens: 1,
  max_completion_tokens: 1,
  stream: true,
};

const ask: AskRequest = {
  question: "a",
  table: "t",
  columns: ["a"],
  filters: [{ column: "a", op: "eq", value: 1 }],
  match_count: 1,
  match_threshold: 0.5,
  assistant: "a",
  variables: { b: 1 },
  model: "a/b",
  max_tokens: 1,
  max_completion_tokens: 1,
  stream: true,
};

Deno.test("the functions accept every field that the client's types declare", () => {
  for (
    const [schema, request] of [
      [chatRequest, chat],
      [chatRequest, { prompt: "a" }],
      [embeddingsRequest, embeddings],
      [imageRequest, image],
      [rerankRequest, rerank],
      [speechRequest, speech],
      [transcribeRequest, transcribe],
      [summaryRequest, summary],
      [videoRequest, video],
      [askRequest, ask],
      [askRequest, { question: "a", function: "match_a" }],
    ] as const
  ) {
    assertEquals(schema.safeParse(request).error, undefined);
  }
});

Deno.test("the client's types declare every field that the functions check", () => {
  const used = {
    chat: [chatRequest, { prompt: "", ...chat }],
    embeddings: [embeddingsRequest, embeddings],
    // `generateImage` does not stream; `streamFrom("image-gen", …)` does.
    image: [imageRequest, { stream: false, partial_images: 1, ...image }],
    rerank: [rerankRequest, rerank],
    speech: [speechRequest, speech],
    transcribe: [transcribeRequest, transcribe],
    summary: [summaryRequest, summary],
    video: [videoRequest, video],
    ask: [askRequest, { function: "match_a", index: "a", ...ask }],
  } as const;
  for (const [name, [schema, request]] of Object.entries(used)) {
    const missing = Object.keys(schema.shape).filter((field) => !Object.hasOwn(request, field));
    assertEquals(missing, [], name);
  }
});
