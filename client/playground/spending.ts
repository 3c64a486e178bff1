/** What the calls of this page have used. */
import type { TokenUsage } from "../mod.ts";

/** The sums of one model. */
export interface Spent {
  model: string;
  requests: number;
  promptTokens: number;
  completionTokens: number;
  usd: number;
}

/** Adds up the usage that responses report. */
export interface Spending {
  add(model: string | null, usage: TokenUsage | undefined): void;
  /** One entry per model, in the order of their first use. */
  list(): Spent[];
  sum(): Spent;
  clear(): void;
}

/** Starts with empty sums. `onChange` is called after every change. */
export function createSpending(onChange: () => void): Spending {
  const models = new Map<string, Spent>();
  return {
    add(model, usage) {
      const name = model || "–";
      const spent = models.get(name) ?? createSpent(name);
      spent.requests++;
      spent.promptTokens += usage?.prompt_tokens ?? 0;
      spent.completionTokens += usage?.completion_tokens ?? 0;
      spent.usd += usage?.cost ?? 0;
      models.set(name, spent);
      onChange();
    },
    list: () => [...models.values()],
    sum() {
      const sum = createSpent("All");
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

function createSpent(model: string): Spent {
  return { model, requests: 0, promptTokens: 0, completionTokens: 0, usd: 0 };
}

/** Adds the usage of two calls. */
export function addUsage(one: TokenUsage, other?: TokenUsage): TokenUsage {
  const sum = { ...other, ...one };
  for (const [name, used] of Object.entries(other ?? {})) {
    if (typeof used === "number") sum[name] = used + Number(one[name] ?? 0);
  }
  return sum;
}

/** An amount of money as people write it; most answers cost far less than a cent. */
export function toDollars(usd: number): string {
  if (usd === 0) return "$0";
  if (usd < 0.0001) return "<$0.0001";
  return `$${usd.toLocaleString("en", toDigits(usd < 0.1 ? 4 : 2))}`;
}

function toDigits(count: number): Intl.NumberFormatOptions {
  return { minimumFractionDigits: 2, maximumFractionDigits: count };
}

/** A whole number as people write it. */
export function toCount(count: number): string {
  return count.toLocaleString("en");
}
