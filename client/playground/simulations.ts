/** The failures that the simulated OpenRouter can be asked for; `tools/local/README.md` has them all. */
import { createElement } from "./element.ts";

const SIMULATIONS: [name: string, simulate?: Record<string, unknown>][] = [
  ["Nothing: a good answer"],
  ["Slow tokens", { chunk_delay_ms: 300 }],
  ["Tokens cut anywhere", { chop: 7 }],
  ["Too many requests, 30 seconds to wait", { status: 429, retry_after: 30 }],
  ["The provider is down", { status: 503 }],
  ["The key is refused", { status: 401 }],
  ["The balance does not suffice", { credits: 0 }],
  ["An error in mid-stream", { fail: "event", after: 12 }],
  ["A stream that breaks off", { fail: "cut", after: 12 }],
  ["An error with status 200", { fail: "body" }],
  ["An empty answer", { answer: "empty" }],
  ["A refusal", { answer: "refusal" }],
  ["Two tool calls at once", { tool_calls: "parallel" }],
];

/** Fills a list to choose from. */
export function listSimulations(select: HTMLSelectElement): void {
  select.replaceChildren(
    ...SIMULATIONS.map(([name], index) => createElement("option", { value: index }, name)),
  );
}

/** What a request has to say for the chosen failure. */
export function readSimulation(select: HTMLSelectElement): Record<string, unknown> | undefined {
  return SIMULATIONS[Math.max(0, select.selectedIndex)]?.[1];
}
