/** What the API reference says of `usage`, beside its answers' types. */
import type { Reference } from "../../tools/reference/operation.ts";

export const reference = {
  operations: {
    "GET /": {
      summary: "What the caller has used, by day and model, and what they may use",
      answer: "UsageAnswer",
      errors: [401, 500, 502],
      examples: {
        "Of a user": {
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
      summary: "Looks up what estimated generations cost; for a schedule, with the API key",
      caller: "administrator",
      answer: "SweepAnswer",
      errors: [401, 403, 500, 502],
      examples: {
        "By the schedule": { caller: "administrator", answer: { reconciled: 0, pending: 0 } },
        "By a user": {
          status: 403,
          answer: {
            error: "FORBIDDEN",
            message: "This is for the project's API key alone",
            statusCode: 403,
          },
        },
      },
    },
  },
} satisfies Reference;
