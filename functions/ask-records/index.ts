/**
 * Answers questions from the rows that the caller may read, and keeps their search index.
 * https://openrouter.ai/docs/api-reference/embeddings
 */
import { findProjectKey, requireProjectKey } from "../../shared/auth/project_keys.ts";
import { requireUser } from "../../shared/auth/user_token.ts";
import { createApp } from "../../shared/http/app.ts";
import { readBody } from "../../shared/http/body.ts";
import { answerQuestion } from "./answer.ts";
import { indexAll, indexOwn } from "./indexing.ts";
import { askRequest, indexRequest } from "./request.ts";

export type { AskAnswer, AskStart } from "./answer.ts";
export type { IndexAnswer } from "./indexing.ts";
export type { RowCitation } from "./search.ts";

const { app, handler } = createApp("ask-records", { ownPrompts: true });
export default handler;

app.post("/", async ({ env: call }) => {
  const user = await requireUser(call);
  const request = await readBody(call, askRequest);
  if (request.index === undefined) return await answerQuestion(call, user, request);
  return Response.json(await indexOwn(call, user, request.index));
});

app.post("/index", async ({ env: call }) => {
  if ((await findProjectKey(call))?.name === "API_KEY") {
    await requireProjectKey(call);
    return Response.json(await indexAll(call));
  }
  const user = await requireUser(call);
  const { index } = await readBody(call, indexRequest);
  return Response.json(await indexOwn(call, user, index));
});
