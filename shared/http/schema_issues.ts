/** What a schema finds wrong with a value. */
import type { ZodMiniType } from "zod/mini";
import type { RawIssue } from "./validation_messages.ts";

/**
 * Finds the first issue of a value. zod's own `safeParse` collects an issue, with its message, for each of
 * a million invalid items.
 *
 * @returns undefined when the schema accepts the value.
 */
export function findIssue(
  value: unknown,
  schema: Pick<ZodMiniType, "_zod">,
): RawIssue | undefined {
  const context = { async: false, abortEarly: true };
  const result = schema._zod.run({ value, issues: [] }, context);
  if (result instanceof Promise) throw new TypeError("A schema of a body must not be asynchronous");
  return result.issues[0] as RawIssue | undefined;
}
