/**
 * What the functions take and answer, as they declare it themselves. `deno task pack` writes these
 * types out in full, so that the published client needs neither zod nor this repository.
 */
export type { ChatAnswer } from "../functions/chat/index.ts";
export type { Connection, StartAnswer } from "../functions/connect/index.ts";
export type { EmbeddingsAnswer, EmbeddingsRequest } from "../functions/embeddings/index.ts";
export type { ImageAnswer, ImageRequest } from "../functions/image-gen/index.ts";
export type { SummaryAnswer, SummaryFacts } from "../functions/summarize-records/index.ts";
export type { SummaryRequest } from "../functions/summarize-records/query.ts";
export type { UsageAnswer } from "../functions/usage/index.ts";
export type { ChatRequest } from "../shared/request/chat_request.ts";
export type { ErrorCode } from "../shared/errors.ts";
export type { ToolCall } from "../shared/openrouter/typed_calls.ts";
export type { TokenUsage } from "../shared/token_usage.ts";
