/** Examples as OpenAPI writes them. */
import { formatEvent } from "../../shared/http/sse.ts";
import type { Example } from "./operation.ts";

const decoder = new TextDecoder();

/** The part of each example that `select` finds, by name; nothing where none has it. */
export function toExamples(
  examples: Record<string, Example>,
  select: (example: Example) => unknown,
): Record<string, { value: unknown }> | undefined {
  const selected = Object.entries(examples)
    .map(([name, example]) => [name, { value: select(example) }] as const)
    .filter(([, { value }]) => value !== undefined);
  return selected.length > 0 ? Object.fromEntries(selected) : undefined;
}

/** Whether a request succeeds. */
export function isGood({ status = 200 }: Example): boolean {
  return status < 400;
}

/** The text of a stream that has these events. */
export function formatEvents(events: unknown[]): string {
  return events.map((data) => typeof data === "string" ? data : JSON.stringify(data))
    .map((data) => decoder.decode(formatEvent(data))).join("");
}
