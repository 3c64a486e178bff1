/**
 * Shows callers their own usage, and corrects estimated costs on a schedule.
 * https://openrouter.ai/docs/api-reference/get-a-generation
 */
import { requireProjectKey } from "../../shared/auth/project_keys.ts";
import { requireUser } from "../../shared/auth/user_token.ts";
import { createApp } from "../../shared/http/app.ts";
import { readUsageRecord } from "./record.ts";
import { sweep } from "./sweep.ts";

export type { AssistantDay, UsageAnswer } from "./record.ts";
export type { SweepAnswer } from "./sweep.ts";

const { app, handler } = createApp("usage");
export default handler;

app.get("/", async ({ env: call }) => {
  const user = await requireUser(call);
  return Response.json(await readUsageRecord(user.id, call.settings));
});

app.post("/sweep", async ({ env: call }) => {
  await requireProjectKey(call);
  return Response.json(await sweep(call.settings));
});
