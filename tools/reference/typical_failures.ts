/** Errors that are the same in every function, and how to cause them. */
import { ApiError, toErrorBody, unauthorized } from "../../shared/errors.ts";
import { readOpenRouterError } from "../../shared/gateway/openrouter.ts";
import type { Example, Reference } from "./operation.ts";

/** An example made from any successful request by changing its surroundings. */
export interface TypicalExample extends Example {
  /** The failure to request from the simulated OpenRouter. */
  simulate?: Record<string, unknown>;
  /** Settings to change. */
  settings?: Record<string, string>;
}

interface TypicalFailure extends Pick<TypicalExample, "caller" | "simulate" | "settings"> {
  name: string;
  error: ApiError;
}

const FAILURES: TypicalFailure[] = [
  {
    name: "No token",
    caller: "nobody",
    error: new ApiError(401, "AUTH_INVALID_CREDENTIALS", "No token provided", {
      nextActions: "Send the signed-in user's access token as Authorization: Bearer <token>",
    }),
  },
  { name: "An invalid token", caller: "stranger", error: unauthorized("no user's token") },
  {
    name: "A body above the limit",
    settings: { MAX_BODY_BYTES: "10" },
    error: new ApiError(413, "INVALID_INPUT", "The request body must not exceed 10 bytes"),
  },
  {
    name: "A wrong setting",
    settings: { ALLOWED_ORIGINS: "nowhere" },
    error: new ApiError(
      500,
      "INTERNAL_ERROR",
      'The setting ALLOWED_ORIGINS must be "*" or a comma list of origins such as https://app.example.com',
    ),
  },
  refused("No credits left", 402),
  refused("Content that was flagged", 403, { reasons: ["violence"] }),
  refused("Too many requests", 429),
  refused("A provider that fails", 500),
  refused("A provider that takes too long", 408),
];

/**
 * The examples of a status, in one function's form. The deprecated routes drop unknown fields, so
 * they cannot request simulated failures, and have examples about the caller only.
 */
export function createTypicalExamples(
  status: number,
  { toErrorBody: render = toErrorBody, deprecated }: Reference,
): Record<string, TypicalExample> {
  const examples = FAILURES
    .filter(({ error, caller }) => error.status === status && (caller || !deprecated))
    .map(({ name, error, ...change }): [string, TypicalExample] => {
      const answer = JSON.parse(JSON.stringify(render(error)));
      return [name, { ...change, status, answer }];
    });
  return Object.fromEntries(examples);
}

/** A request that OpenRouter refuses with a status. */
function refused(name: string, status: number, metadata?: Record<string, unknown>): TypicalFailure {
  const body = JSON.stringify({ error: { code: status, message: "", metadata } });
  const error = readOpenRouterError({ status, body })!;
  return { name, simulate: { status, metadata }, error };
}
