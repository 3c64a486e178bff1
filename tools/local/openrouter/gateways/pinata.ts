/** Pinata's gateway: OpenAI's fields and errors, its own model ids and model list. */
import { Hono } from "hono";
import { createChatRoutes } from "../chat/routes.ts";
import type { Model } from "../model.ts";
import { listModels } from "../models.ts";
import { PROJECT } from "../oauth_keys.ts";
import { invalidRequest, Refusal, refusalResponse } from "../refusal.ts";
import { parseSimulation } from "../simulation.ts";
import type { Env, World } from "../world.ts";

type Body = Record<string, unknown>;

/** The default output limit. */
const DEFAULT_MAX_TOKENS = 4_096;
const MICRO = 1_000_000;
const RENAMED_LIMIT = /^openai\/(gpt-5|o\d)/;

/** OpenAI's fields, additional sampling parameters, and `simulate`. */
const FIELDS = new Set([
  ...["model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens"],
  ...["temperature", "top_p", "top_k", "min_p", "frequency_penalty", "presence_penalty"],
  ...["repetition_penalty", "stop", "seed", "n", "logit_bias", "logprobs", "top_logprobs"],
  ...["tools", "tool_choice", "parallel_tool_calls", "response_format", "reasoning_effort"],
  ...["verbosity", "modalities", "audio", "prediction", "metadata", "store", "user"],
  ...["service_tier", "prompt_cache_key", "safety_identifier", "web_search_options", "simulate"],
]);

/** Creates the routes `/models`, which needs no key, and `/chat/completions`. */
export function createPinataRoutes(world: World): Hono<Env> {
  const routes = new Hono<Env>();

  routes.get("/models", (c) => c.json(listPinataModels().map(toRow)));

  routes.use(async (c, next) => {
    requireKey(c.req.header("authorization"));
    c.set("account", PROJECT);
    const { received } = c.env;
    received.forwarded = toForwarded(Object(received.body));
    await next();
    c.res.headers.delete("X-Generation-Id");
  });
  routes.route("/", createChatRoutes({ ...world, toWire }));
  routes.all("*", () => {
    throw new Refusal(404, "Not Found");
  });

  routes.onError((error, c) => {
    if (!(error instanceof Refusal)) throw error;
    const { status, message, details: { metadata, headers, raw, code } } = error;
    if (raw) return refusalResponse(error);
    const reason = typeof metadata?.raw === "string"
      ? JSON.parse(metadata.raw).error.message
      : message;
    const said = { message: reason, ...(status === 200 && { code }) };
    if (status !== 402) return Response.json({ error: said }, { status, headers });
    const { credits = world.credits - world.ledger.bill(PROJECT).total, microcredits = "beside" } =
      parseSimulation(c.env.received.body.simulate);
    const balance = { availableMicrocredits: Math.floor(credits * MICRO) };
    const body = microcredits === "inside"
      ? { error: { ...said, ...balance } }
      : { error: said, ...(microcredits === "beside" && balance) };
    return Response.json(body, { status, headers });
  });

  return routes;
}

function requireKey(authorization: string | undefined): void {
  const [, key] = /^Bearer (.+)$/i.exec(authorization ?? "") ?? [];
  if (!key) throw new Refusal(401, "Missing API key");
  if (!key.startsWith("pinata-")) throw new Refusal(401, "Invalid API key");
  if (key.startsWith("pinata-revoked")) throw new Refusal(401, "API key has been revoked");
}

/** Returns the request to the provider. It always has an output limit, by the name that the model supports. */
function toForwarded(body: Body): Body {
  const unknown = Object.keys(body).find((field) => !FIELDS.has(field));
  if (unknown) throw invalidRequest(`Unrecognized request argument supplied: ${unknown}`);
  const model = listPinataModels().find(({ id }) => toPinataId(id) === body.model);
  if (!model) throw new Refusal(404, `The model \`${body.model}\` does not exist`);
  const { max_tokens, max_completion_tokens, ...rest } = body;
  const limit = max_completion_tokens ?? max_tokens ?? DEFAULT_MAX_TOKENS;
  const newerName = max_completion_tokens !== undefined || RENAMED_LIMIT.test(model.id);
  return {
    ...rest,
    model: model.id,
    [newerName ? "max_completion_tokens" : "max_tokens"]: limit,
    simulate: { comments_before: 0, ...Object(body.simulate) },
  };
}

/** Converts a completion or a chunk: removes the fields that only OpenRouter has. */
function toWire({ provider: _, choices, usage, ...rest }: Body): Body {
  return {
    ...rest,
    id: (rest.id as string | undefined)?.replace("gen-", "chatcmpl-"),
    model: (rest.model as string | undefined) && toPinataId(rest.model as string),
    choices: (choices as Body[] | undefined)?.map(({ native_finish_reason: _, ...choice }) =>
      choice
    ),
    usage: toOpenAIUsage(usage as Body | undefined),
  };
}

function toOpenAIUsage(usage: Body | undefined): Body | undefined {
  if (!usage) return undefined;
  const { cost: _, cost_details: _1, is_byok: _2, ...tokens } = usage;
  return tokens;
}

function listPinataModels(): Model[] {
  return listModels().filter(({ output, router, id }) =>
    output.join() === "text" && !router && !id.endsWith(":free")
  );
}

function toPinataId(id: string): string {
  return id.replaceAll(".", "-");
}

/** Nano-dollars per token, divided by 1,000, are USD per million tokens. */
function toRow({ id, price }: Model) {
  return {
    model_id: toPinataId(id),
    input_usd_per_1m_tokens: price.prompt / 1_000,
    output_usd_per_1m_tokens: price.completion / 1_000,
    cache_read_usd_per_1m_tokens: price.prompt / 10_000,
  };
}
