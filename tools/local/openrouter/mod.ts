/**
 * A simulated OpenRouter for development and tests. It speaks the protocol of the real one, including
 * its quirks and failures, and makes answers by rules. It opens no port and is never deployed.
 *
 * @see {@link Simulation} for how a request controls it.
 */
import { Hono } from "hono";
import { cors } from "hono/cors";
import { createAccountRoutes } from "./account.ts";
import { createAudioRoutes } from "./audio.ts";
import { createCatalogueRoutes } from "./catalogue.ts";
import { createChatRoutes } from "./chat/routes.ts";
import { createTextRoutes } from "./chat/text_completions.ts";
import { createEmbeddingRoutes } from "./embeddings.ts";
import { createPinataRoutes } from "./gateways/pinata.ts";
import { createPinmeRoutes } from "./gateways/pinme.ts";
import { createImageRoutes } from "./images.ts";
import { type Bill, createLedger } from "./ledger.ts";
import { createMessagesRoutes } from "./messages/routes.ts";
import { createOAuthPages, createOAuthRoutes } from "./oauth.ts";
import { createOAuthKeys, PROJECT } from "./oauth_keys.ts";
import { createObjectRoutes } from "./objects.ts";
import { createRerankRoutes } from "./rerank.ts";
import { receive, type RecordedRequest } from "./received.ts";
import { Refusal, refusalResponse } from "./refusal.ts";
import { createResponsesRoutes } from "./responses/routes.ts";
import { createAttempts } from "./simulation.ts";
import { createVideoCatalogueRoutes, createVideoRoutes } from "./videos.ts";
import type { Env, World } from "./world.ts";

export type { RecordedRequest } from "./received.ts";
export type { Simulation } from "./simulation.ts";

/** A simulated OpenRouter. */
export interface SimulatedOpenRouter {
  /**
   * Answers requests below `/api/v1` and browsers at `/auth`. Below `/v0/llm` it plays Pinata, below
   * `/pinme` PinMe.
   */
  handler(request: Request): Promise<Response>;
  /** The last 200 requests, the newest last. */
  requests: RecordedRequest[];
  /**
   * Returns the total of all generations, or of one account: `"project"`, or a key issued by OAuth.
   */
  bill(account?: string): Bill;
}

/** How it is set up. A single request is controlled by its {@link Simulation}. */
export interface SimulatedOpenRouterOptions {
  /** The only valid key besides those issued by OAuth. Without it, every `sk-or-…` key is valid. */
  apiKey?: string;
  /** USD on the account, 1000 by default. A request that could cost more than is left gets a 402. */
  credits?: number;
  /** Milliseconds between two chunks of a stream, 25 by default. */
  chunkDelayMs?: number;
  /** Milliseconds until `/generation` knows a finished generation, 500 by default. */
  generationDelayMs?: number;
  /** The clock, in epoch milliseconds. */
  now?: () => number;
}

const MAX_REQUESTS = 200;

/** Creates a simulated OpenRouter with its own state. */
export function createSimulatedOpenRouter(
  options: SimulatedOpenRouterOptions = {},
): SimulatedOpenRouter {
  const { apiKey, credits = 1_000, chunkDelayMs = 25, generationDelayMs = 500 } = options;
  const now = options.now ?? Date.now;
  const ledger = createLedger(now);
  const attempts = createAttempts();
  const oauthKeys = createOAuthKeys(now);
  const world: World = {
    ledger,
    oauthKeys,
    attempts,
    now,
    credits,
    chunkDelayMs,
    generationDelayMs,
  };
  const app = createRouter(world, apiKey);
  const requests: RecordedRequest[] = [];

  return {
    async handler(request) {
      const received = await receive(request);
      requests.push(received);
      if (requests.length > MAX_REQUESTS) requests.shift();
      const response = await app.fetch(request, { received });
      if (!received.playing) received.settle(false);
      return response;
    },
    requests,
    bill: ledger.bill,
  };
}

function createRouter(world: World, apiKey?: string): Hono<Env> {
  const root = new Hono<Env>();
  root.route("/", createOAuthPages(world));
  root.route("/v0/llm", createPinataRoutes(world));
  root.route("/pinme/api/v1", createPinmeRoutes(world));
  const app = root.basePath("/api/v1");
  app.use(cors({ origin: "*", exposeHeaders: ["X-Generation-Id", "Retry-After"] }));
  app.route("/", createCatalogueRoutes());
  app.route("/", createVideoCatalogueRoutes());
  app.route("/", createOAuthRoutes(world));
  app.use(async (c, next) => {
    c.set("account", requireAccount(c.req.header("authorization"), world, apiKey));
    await next();
  });
  app.route("/", createChatRoutes(world));
  app.route("/", createTextRoutes(world));
  app.route("/", createResponsesRoutes(world));
  app.route("/", createMessagesRoutes(world));
  app.route("/", createEmbeddingRoutes(world));
  app.route("/", createImageRoutes(world));
  app.route("/", createRerankRoutes(world));
  app.route("/", createAudioRoutes(world));
  app.route("/", createObjectRoutes(world));
  app.route("/", createVideoRoutes(world));
  app.route("/", createAccountRoutes(world));
  app.notFound(() => refusalResponse(new Refusal(404, "Not Found")));
  app.onError((error) => {
    if (error instanceof Refusal) return refusalResponse(error);
    console.error("The simulated OpenRouter has a bug:", error);
    return refusalResponse(new Refusal(500, "Internal Server Error"));
  });
  return app;
}

/** Returns the account of a key. */
function requireAccount(
  authorization: string | undefined,
  { oauthKeys }: World,
  apiKey: string | undefined,
): string {
  const [, key] = /^Bearer (.+)$/i.exec(authorization ?? "") ?? [];
  const metadata = { error_type: "authentication" };
  if (!key) throw new Refusal(401, "Missing Authentication header", { metadata });
  const isGiven = oauthKeys.isGood(key);
  if (isGiven) return key;
  const isGood = apiKey === undefined ? key.startsWith("sk-or-") : key === apiKey;
  if (isGood && isGiven === undefined) return PROJECT;
  throw new Refusal(401, "User not found.", { metadata });
}
