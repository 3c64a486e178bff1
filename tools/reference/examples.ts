/** Converts examples to OpenAPI's form. */
import { formatEvent } from "../../shared/http/sse.ts";
import type { Example } from "./operation.ts";

const decoder = new TextDecoder();

/** The part of each example that `select` returns, by name; undefined when no example has it. */
export function toExamples(
  examples: Record<string, Example>,
  select: (example: Example) => unknown,
): Record<string, { value: unknown }> | undefined {
  const selected = Object.entries(examples)
    .map(([name, example]) => [name, { value: select(example) }] as const)
    .filter(([, { value }]) => value !== undefined);
  return selected.length > 0 ? Object.fromEntries(selected) : undefined;
}

/** Whether the request of an example succeeds. */
export function isGood({ status = 200 }: Example): boolean {
  return status < 400;
}

/** Formats the text of a stream with these events. */
export function formatEvents(events: unknown[]): string {
  return events.map((data) => typeof data === "string" ? data : JSON.stringify(data))
    .map((data) => decoder.decode(formatEvent(data))).join("");
}
