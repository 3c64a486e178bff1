/** Functions with a simulated gateway behind them, over real HTTP. */
import { assertEquals } from "@std/assert";
import type { EdgeFunction } from "../../shared/http/handler.ts";
import type { Server } from "../local/openrouter_server.ts";
import { type Answer, createEnvironment, type RequestOptions, send } from "../support/caller.ts";

/** The settings of each simulated gateway, its default model, and its name of another model. */
export const GATEWAYS = {
  pinata: {
    model: "anthropic/claude-sonnet-4-6",
    haiku: "anthropic/claude-haiku-4-5",
    toSettings: ({ url }: Server) => ({
      PINATA_LLM_KEY: "pinata-canary-5a5b5c",
      PINATA_BASE_URL: new URL("/v0/llm", url).href,
    }),
  },
  pinme: {
    model: "openai/gpt-4o-mini",
    haiku: "anthropic/claude-haiku-4.5",
    toSettings: ({ url }: Server) => ({
      PINME_API_KEY: "pinme-my shop",
      PINME_PROJECT_NAME: "my shop",
      PINME_BASE_URL: new URL("/pinme", url).href,
    }),
  },
};

/** A gateway other than OpenRouter. */
export type Name = keyof typeof GATEWAYS;
/** Both other gateways. */
export const names = Object.keys(GATEWAYS) as Name[];

/** Settings of a project that uses the gateway `name` and has no OpenRouter key. */
export function environmentOf(server: Server, name: Name, values: Record<string, string> = {}) {
  return createEnvironment({
    OPENROUTER_API_KEY: undefined,
    OPENROUTER_SITE_URL: "https://app.example",
    OPENROUTER_APP_NAME: "My app",
    AI_GATEWAY: name,
    ...GATEWAYS[name].toSettings(server),
    ...values,
  });
}

/** Calls a function, and checks that the response contains no key of a gateway. */
export async function ask(
  handler: EdgeFunction,
  environment: ReturnType<typeof environmentOf>,
  body: unknown,
  options?: RequestOptions,
): Promise<Answer> {
  const answer = await send(handler, environment, body, options);
  assertEquals(/pinata-canary|pinme-my shop/.test(answer.text), false, answer.text);
  return answer;
}
