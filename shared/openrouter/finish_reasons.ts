/** Why generations ended. */
import type { Fields } from "../fields.ts";

/**
 * The reasons in a whole response or in the event that ends a stream, one per choice.
 *
 * @param value chat completions have `finish_reason` in each choice, Anthropic's Messages
 *   `stop_reason`, and OpenAI's Responses `status` with `incomplete_details`.
 */
export function readFinishReasons(value: Fields): string[] {
  const { choices, delta, response } = value;
  const { stop_reason, status, incomplete_details } = { ...value, ...Object(response ?? delta) };
  const reasons = Array.isArray(choices)
    ? choices.map((choice) => Object(choice).finish_reason)
    : [stop_reason ?? Object(incomplete_details).reason ?? status];
  return reasons.filter((reason) => typeof reason === "string");
}
