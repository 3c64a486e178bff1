/** What the calls of this page have used. */
import type { TokenUsage } from "../mod.ts";

/** One line of the sums: a model and what it was asked. */
export interface Spent {
  model: string;
  requests: number;
  promptTokens: number;
  completionTokens: number;
  usd: number;
}

/** Adds up what answers say they have used. */
export interface Spending {
  add(model: string | null, usage: TokenUsage | undefined): void;
  /** One entry per model, the first used first. */
  list(): Spent[];
  sum(): Spent;
  clear(): void;
}

/** Starts at nothing. @param onChange is called after every addition. */
export function createSpending(onChange: () => void): Spending {
  const models = new Map<string, Spent>();
  return {
    add(model, usage) {
      const name = model || "–";
      const spent = models.get(name) ?? toNothing(name);
      spent.requests++;
      spent.promptTokens += usage?.prompt_tokens ?? 0;
      spent.completionTokens += usage?.completion_tokens ?? 0;
      spent.usd += usage?.cost ?? 0;
      models.set(name, spent);
      onChange();
    },
    list: () => [...models.values()],
    sum() {
      const sum = toNothing("All");
      for (const spent of models.values()) {
        sum.requests += spent.requests;
        sum.promptTokens += spent.promptTokens;
        sum.completionTokens += spent.completionTokens;
        sum.usd += spent.usd;
      }
      return sum;
    },
    clear() {
      models.clear();
      onChange();
    },
  };
}

function toNothing(model: string): Spent {
  return { model, requests: 0, promptTokens: 0, completionTokens: 0, usd: 0 };
}

/** What two calls have used together. */
export function addUsage(one: TokenUsage, other?: TokenUsage): TokenUsage {
  const sum = { ...other, ...one };
  for (const [name, used] of Object.entries(other ?? {})) {
    if (typeof used === "number") sum[name] = used + Number(one[name] ?? 0);
  }
  return sum;
}

/** A sum of money, with as many places as it needs: most answers cost far less than a cent. */
export function toDollars(usd: number): string {
  if (usd === 0) return "$0";
  return `$${usd.toFixed(usd >= 1 ? 2 : Math.min(8, 2 - Math.floor(Math.log10(usd))))}`;
}

/** A whole number as people write it. */
export function toCount(count: number): string {
  return count.toLocaleString("en");
}
