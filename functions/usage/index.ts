/**
 * Shows callers their own usage, and corrects estimated costs on a schedule.
 * https://openrouter.ai/docs/api-reference/get-a-generation
 */
import { createApp } from "../../shared/http/app.ts";
import { requireUser } from "../../shared/auth/user_token.ts";
import { requireAdministrator } from "./administrator.ts";
import { readUsageRecord } from "./record.ts";
import { sweep } from "./sweep.ts";

export type { UsageAnswer } from "./record.ts";
export type { SweepAnswer } from "./sweep.ts";

const { app, handler } = createApp("usage");
export default handler;

app.get("/", async (c) => {
  const user = await requireUser(c.env);
  return c.json(await readUsageRecord(user.id, c.env.settings));
});

app.post("/sweep", async (c) => {
  await requireAdministrator(c.env);
  return c.json(await sweep(c.env.settings));
});
