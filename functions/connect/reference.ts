/** The API reference of `connect`: what the schemas and types do not say. */
import type { Reference } from "../../tools/reference/operation.ts";
import { callbackRequest, keyRequest, startRequest } from "./index.ts";

const ERRORS = [400, 401, 403, 413, 500, 502];
const STATUS = {
  summary: "Returns the user's connection with OpenRouter and the state of their key",
  answer: "Connection",
  errors: [401, 429, 500, 502, 504],
  examples: { "Not connected": { answer: { connected: false, required: false } } },
} satisfies Reference["operations"][string];

const DESCRIPTION = `\
Users pay with their own OpenRouter account: they agree at OpenRouter by OAuth with PKCE, or type \
in a key (\`docs/own-keys.md\`).

\`POST /key\` asks OpenRouter about the key and stores it in place of an earlier one. A key that \
OpenRouter rejects is a 400. No response contains the key.

\`return_url\` is one of \`CONNECT_RETURN_URLS\`. OpenRouter leads the browser back there with \
\`code\` and \`connect_state\` in the query; the page posts them as \`code\` and \`state\`, as \
the user who started.

For a connected user the response has \`valid\` (whether OpenRouter accepts the key; if not, \
connect again), \`label\` (the key as OpenRouter masks it), \`connected_at\`, \`manage_url\` \
(where the user can limit or delete the key), and OpenRouter's \`limit\`, \`limit_remaining\`, \
\`usage\` (USD) and \`expires_at\`. \`required\` says whether the app serves connected users \
only.

Any other \`return_url\` is a 400, and so is a \`state\` that was altered or is older than 10 \
minutes. A \`state\` of another user is a 403, and so is a code that was used, has expired or \
belongs to another flow: start again. A 500 names a missing setting. Limits: 1 MiB.`;

export const reference = {
  description: DESCRIPTION,
  operations: {
    "GET /": STATUS,
    "GET /status": STATUS,
    "POST /start": {
      summary: "Returns the URL of the page at OpenRouter on which the user agrees",
      request: startRequest,
      answer: "StartAnswer",
      errors: ERRORS,
      examples: {
        "From the settings": {
          request: { return_url: "https://app.example.com/settings" },
          answer: { url: "https://openrouter.ai/auth?callback_url=…&code_challenge=…" },
        },
        "From elsewhere": {
          request: { return_url: "https://elsewhere.example.com/" },
          status: 400,
          answer: {
            error: "INVALID_INPUT",
            message: '"return_url" must be one of the URLs that this app allows',
            statusCode: 400,
            nextActions: "Correct the request as the message says",
          },
        },
      },
    },
    "POST /callback": {
      summary: "Exchanges the code for a key, and stores the key",
      request: callbackRequest,
      answer: "Connection",
      errors: [...ERRORS, 429, 504],
      examples: {
        "A state from elsewhere": {
          request: { code: "auth_code_1", state: "made-up" },
          status: 400,
          answer: {
            error: "INVALID_INPUT",
            message: '"state" must be the one that this function returned',
            statusCode: 400,
            nextActions: "Correct the request as the message says",
          },
        },
      },
    },
    "POST /key": {
      summary: "Stores a key that the user typed in, if OpenRouter accepts it",
      request: keyRequest,
      answer: "Connection",
      errors: [...ERRORS, 429, 504],
      examples: {
        "No key": {
          request: {},
          status: 400,
          answer: {
            error: "INVALID_INPUT",
            message: '"key" is required',
            statusCode: 400,
            nextActions: "Correct the request as the message says",
          },
        },
      },
    },
    "POST /disconnect": {
      summary: "Deletes the stored key here; at OpenRouter it stays valid",
      answer: "Connection",
      errors: [401, 500, 502],
      examples: { "Not connected": { answer: { connected: false, required: false } } },
    },
  },
} satisfies Reference;
