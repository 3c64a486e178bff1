/** The API reference of `usage`: what the schemas and types do not say. */
import type { Reference } from "../../tools/reference/operation.ts";

const DESCRIPTION = `\
\`today\` and \`month\` count as the limits do, since midnight and since the first of the month, \
UTC. \`days\` has the same numbers by \`day\` and \`model\`, for 31 days, newest first; entries \
with \`own_key: true\` were paid by the user's own account. \`limits\` has the limits of each \
user that are set. Requests that were refused before they reached a model are left out. \
\`unconfirmed_usd\` is the part of \`usd\` that is an estimate: the response did not state its cost, \
and OpenRouter has not confirmed it yet. It is left out when everything is confirmed.

\`POST /usage/sweep\` looks up the real cost of generations whose response did not state it, such \
as aborted streams. Each user's next request does this for that user; a schedule does it for \
users who do not come back, and removes old reservations (\`docs/limits-and-policy.md\`). One run \
handles at most 100 estimates, within 40 seconds; what is pending is asked for again, ten times \
over at least 42 minutes, then the estimate stands. The project's API key may be sent as bearer \
or as \`x-api-key\`. No body is read.

A 500 names what is missing: the setting \`API_KEY\`, or the tables and routines of \
\`migrations/\`, which \`deno task deploy\` applies.`;

export const reference = {
  description: DESCRIPTION,
  operations: {
    "GET /": {
      summary: "Returns what the caller has used, by day and model, and the limits",
      answer: "UsageAnswer",
      errors: [401, 500, 502],
      examples: {
        "A user": {
          answer: {
            today: { requests: 2, prompt_tokens: 24, completion_tokens: 28, usd: 0.0000204 },
            month: { requests: 2, prompt_tokens: 24, completion_tokens: 28, usd: 0.0000204 },
            days: [],
            limits: {},
          },
        },
      },
    },
    "POST /sweep": {
      summary: "Looks up the cost of estimated generations; for a schedule",
      caller: "administrator",
      answer: "SweepAnswer",
      errors: [401, 403, 500, 502],
      examples: {
        "By the schedule": { caller: "administrator", answer: { reconciled: 0, pending: 0 } },
        "By a user": {
          status: 403,
          answer: {
            error: "FORBIDDEN",
            message: "This operation requires the project's API key",
            statusCode: 403,
            nextActions: "Use an account that has access",
          },
        },
      },
    },
  },
} satisfies Reference;
