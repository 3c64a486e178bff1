/** The account behind the key: its credits, and its generations. */
import { Hono } from "hono";
import { listUserModels } from "./catalogue.ts";
import type { Bill } from "./ledger.ts";
import { PROJECT, toLabel } from "./oauth_keys.ts";
import { invalidRequest, Refusal } from "./refusal.ts";
import type { Env, World } from "./world.ts";

/** `/key`, `/credits`, `/generation` and `/models/user`. */
export function createAccountRoutes({ ledger, credits, generationDelayMs, now }: World): Hono<Env> {
  const routes = new Hono<Env>();

  for (const path of ["/key", "/auth/key"]) {
    routes.get(path, (c) => {
      const account = c.get("account");
      return c.json({ data: toKey(account, ledger.bill(account), credits) });
    });
  }

  routes.get("/credits", (c) => {
    const { total } = ledger.bill(c.get("account"));
    return c.json({ data: { total_credits: credits, total_usage: total } });
  });

  routes.get("/models/user", (c) => c.json({ data: listUserModels() }));

  routes.get("/generation", (c) => {
    const id = c.req.query("id");
    if (!id) throw invalidRequest('Missing "id"');
    const found = ledger.find(id);
    if (found?.account !== c.get("account") || now() < found.settledAt + generationDelayMs) {
      throw new Refusal(404, `Generation ${id} not found`);
    }
    return c.json({ data: found.data });
  });

  return routes;
}

function toKey(account: string, { total: used }: Bill, credits: number) {
  const isManager = account === PROJECT;
  return {
    label: isManager ? "sk-or-v1-sim...ted" : toLabel(account),
    limit: credits,
    limit_remaining: Math.max(0, credits - used),
    limit_reset: null,
    include_byok_in_limit: false,
    usage: used,
    usage_daily: used,
    usage_weekly: used,
    usage_monthly: used,
    byok_usage: 0,
    byok_usage_daily: 0,
    byok_usage_weekly: 0,
    byok_usage_monthly: 0,
    is_free_tier: false,
    is_management_key: isManager,
    is_provisioning_key: isManager,
    creator_user_id: "user_simulated",
    expires_at: null,
    rate_limit: { requests: -1, interval: "10s", note: "This field is deprecated" },
  };
}
