/**
 * What the functions accept and return. Requests are declared in this folder, responses by the
 * functions. `deno task pack` writes the responses out in full, so that the published client needs
 * no other package and no file of this repository.
 */
export type { AskAnswer, IndexAnswer, RowCitation } from "../functions/ask-records/index.ts";
export type { ChatAdditions, ChatAnswer } from "../functions/chat/index.ts";
export type { Connection, StartAnswer } from "../functions/connect/index.ts";
export type { KeyFacts } from "../functions/connect/openrouter_keys.ts";
export type { EmbeddingsAnswer } from "../functions/embeddings/index.ts";
export type {
  FinishedImage,
  ImageText,
  PartialImage,
} from "../functions/image-gen/drawing_stream.ts";
export type { Drawing } from "../functions/image-gen/generation.ts";
export type { ImageAnswer } from "../functions/image-gen/index.ts";
export type { ModelEntry, ModelPrices } from "../functions/models/entry.ts";
export type { ModelsAnswer } from "../functions/models/index.ts";
export type { RerankAnswer, RerankResult } from "../functions/rerank/index.ts";
export type {
  InlineAudio,
  SavedAudio,
  SpeechAnswer,
  UnsavedAudio,
} from "../functions/speech/answer.ts";
export type { TranscribeAnswer } from "../functions/transcribe/index.ts";
export type {
  SummaryAnswer,
  SummaryFacts,
  SummaryProgress,
  SummaryStart,
} from "../functions/summarize-records/index.ts";
export type { VideoJob, VideoJobs } from "../functions/video-gen/answer.ts";
export type { InlineVideo } from "../shared/videos/content_response.ts";
export type { VideoCopy, VideoStatus } from "../shared/videos/rows.ts";
export type { UsageAnswer } from "../functions/usage/index.ts";
export type { AssistantDay, UsageDay, UsageLimits, UsageSum } from "../functions/usage/record.ts";
export type { ErrorCode } from "../shared/errors.ts";
export type {
  Media as Image,
  SavedMedia as SavedImage,
  UnsavedMedia as UnsavedImage,
} from "../shared/openrouter/saved_media.ts";
export type { Message, ToolCall } from "../shared/openrouter/completions.ts";
export type { Transcription } from "../shared/openrouter/audio.ts";
export type { TokenUsage } from "../shared/token_usage.ts";
