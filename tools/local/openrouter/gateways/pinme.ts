/** PinMe's proxy: its own errors in an envelope, all other responses as from OpenRouter. */
import { Hono } from "hono";
import { createCatalogueRoutes } from "../catalogue.ts";
import { createChatRoutes } from "../chat/routes.ts";
import { PROJECT } from "../oauth_keys.ts";
import { Refusal } from "../refusal.ts";
import type { Simulation } from "../simulation.ts";
import type { Env, World } from "../world.ts";

const MAX_BODY_BYTES = 1_048_576;

/** PinMe's own errors, verbatim. */
const FAILURES: Record<NonNullable<Simulation["envelope"]>, [status: number, error: string]> = {
  missing_key: [401, "X-API-Key header is required"],
  invalid_key: [401, "Invalid API key"],
  invalid_project: [401, "Invalid API key or project name"],
  missing_project: [400, "project_name is required"],
  not_configured: [400, "LLM service not configured for this project"],
  no_balance: [403, "Insufficient balance, please recharge to continue using LLM service"],
  too_large: [413, "Request body too large (max 1MB)"],
  build_failed: [500, "Failed to build request"],
  unavailable: [502, "LLM service unavailable"],
};

/** Creates the routes `/models` and `/chat/completions`. Keys are `pinme-` and the name of a project. */
export function createPinmeRoutes(world: World): Hono<Env> {
  const routes = new Hono<Env>();

  routes.use(async (c, next) => {
    const key = c.req.header("x-api-key");
    if (!key) throw enveloped("missing_key");
    if (!key.startsWith("pinme-")) throw enveloped("invalid_key");
    c.set("account", PROJECT);
    await next();
  });
  routes.use("/chat/completions", async (c, next) => {
    const project = c.req.query("project_name");
    if (!project) throw enveloped("missing_project");
    if (c.req.header("x-api-key") !== `pinme-${project}`) throw enveloped("invalid_project");
    const { text, body } = c.env.received;
    if (new TextEncoder().encode(text).length > MAX_BODY_BYTES) throw enveloped("too_large");
    // Read only if it concerns this route, because each reading counts as one of its `times`.
    const { envelope } = body?.simulate?.envelope ? world.attempts.readSimulation(body) : {};
    if (envelope) throw enveloped(envelope);
    await next();
  });
  routes.route("/", createCatalogueRoutes());
  routes.route("/", createChatRoutes(world));
  routes.all("*", () => {
    throw new Refusal(404, "Not Found");
  });

  return routes;
}

function enveloped(failure: keyof typeof FAILURES): Refusal {
  const [status, error] = FAILURES[failure];
  const msg = status === 400 ? "invalid params" : "error";
  const body = JSON.stringify({ code: status, msg, data: { error } });
  return new Refusal(status, error, { raw: { type: "application/json", body } });
}
