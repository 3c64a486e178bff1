/**
 * The parts that `withAi` is made of, for functions with several routes.
 *
 * A function that uses these keeps the order itself: first the credential, then the body, then the
 * call. A paid call before `requireUser` or `requireProjectKey` is logged as a mistake and answers 500.
 *
 * @example
 * ```ts
 * import { createApp, createCompletion, readBody, requireUser } from "insforge-ai-functions/core";
 * import * as z from "zod/mini";
 *
 * const { app, handler } = createApp("translate");
 * export default handler;
 *
 * app.post("/", async ({ env: call }) => {
 *   await requireUser(call);
 *   const { text, to } = await readBody(call, z.object({ text: z.string(), to: z.string() }));
 *   const messages = [{ role: "user", content: `Translate into ${to}: ${text}` }];
 *   const { choices } = await createCompletion(call, { messages });
 *   return Response.json({ text: choices[0]?.message.content });
 * });
 * ```
 *
 * @module
 */
export { ApiError, type ApiErrorOptions, type ErrorCode, invalidInput } from "./errors.ts";
export { createSettings, type Environment, type Settings } from "./settings.ts";
export { type App, createApp } from "./http/app.ts";
export type { EdgeFunction, HandlerOptions, Route } from "./http/handler.ts";
export { type BodyLimits, readBody } from "./http/body.ts";
export type { Call, LogFields } from "./http/call.ts";
export { type ByteSource, eventStream } from "./http/event_stream.ts";
export type { AssistantApi } from "./assistants/apis.ts";
export { applyAssistant, type AssistedCall } from "./assistants/apply.ts";
export { requireUser, type User } from "./auth/user_token.ts";
export { requireProjectKey } from "./auth/project_keys.ts";
export { type Filter, readRows, type RowQuery } from "./insforge/rows.ts";
export { type Completion, createCompletion, streamCompletion } from "./openrouter/completions.ts";
export { createEmbeddings, type EmbeddingInput, type Embeddings } from "./openrouter/embeddings.ts";
export { createImages, type ImageList } from "./openrouter/images.ts";
export { createRanking, type RankedDocument, type Ranking } from "./openrouter/rerank.ts";
export { createSpeech, createTranscription, type Transcription } from "./openrouter/audio.ts";
export type { GeneratedFile } from "./openrouter/bytes.ts";
