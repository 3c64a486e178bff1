/** What the log line of a request says of its generations. */
import type { LogFields } from "../http/call.ts";
import type { Answered } from "../ledger/charge.ts";
import { readTokenUsage } from "../token_usage.ts";

/**
 * Writes what a response says of its generation into the request's log line. The first id and model
 * count; the usage of several generations is added up.
 */
export function logGeneration(log: LogFields, { id, model, usage }: Answered): void {
  log.generation_id ??= id;
  log.model ??= model ?? undefined;
  const stated = readTokenUsage(usage);
  if (!stated) return;
  log.prompt_tokens = (log.prompt_tokens ?? 0) + stated.promptTokens;
  log.completion_tokens = (log.completion_tokens ?? 0) + stated.completionTokens;
  log.cost = (log.cost ?? 0) + (stated.usd ?? 0);
}
