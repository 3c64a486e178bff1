/** Failures of the simulated OpenRouter; `tools/local/README.md` lists all of them. */
import { createElement } from "./element.ts";

const SIMULATIONS: [name: string, simulate?: Record<string, unknown>][] = [
  ["None: a normal answer"],
  ["Slow tokens", { chunk_delay_ms: 300 }],
  ["Tokens split at any byte", { chop: 7 }],
  ["Too many requests, 30 seconds to wait", { status: 429, retry_after: 30 }],
  ["The provider is down", { status: 503 }],
  ["The key is rejected", { status: 401 }],
  ["The balance is spent", { credits: 0 }],
  ["An error within the stream", { fail: "event", after: 12 }],
  ["A stream that is cut", { fail: "cut", after: 12 }],
  ["An error with status 200", { fail: "body" }],
  ["An empty answer", { answer: "empty" }],
  ["A refusal", { answer: "refusal" }],
  ["Two tool calls at once", { tool_calls: "parallel" }],
];

/** Fills the list to choose from. */
export function listSimulations(select: HTMLSelectElement): void {
  select.replaceChildren(
    ...SIMULATIONS.map(([name], index) => createElement("option", { value: index }, name)),
  );
}

/** Returns the field `simulate` for the chosen failure. */
export function readSimulation(select: HTMLSelectElement): Record<string, unknown> | undefined {
  return SIMULATIONS[Math.max(0, select.selectedIndex)]?.[1];
}
