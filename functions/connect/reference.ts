/** What the API reference says of `connect`, beside its schemas and its answers' types. */
import type { Reference } from "../../tools/reference/operation.ts";
import { callbackRequest, startRequest } from "./index.ts";

const ERRORS = [400, 401, 403, 413, 500, 502];
const STATUS = {
  summary: "The user's connection with OpenRouter, and what their key is worth",
  answer: "Connection",
  errors: [401, 429, 500, 502, 504],
  examples: { "Not connected": { answer: { connected: false, required: false } } },
} satisfies Reference["operations"][string];

export const reference = {
  operations: {
    "GET /": STATUS,
    "GET /status": STATUS,
    "POST /start": {
      summary: "The address of OpenRouter's page on which the user agrees",
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
            message: '"return_url" must be one of the addresses in CONNECT_RETURN_URLS',
            statusCode: 400,
          },
        },
      },
    },
    "POST /callback": {
      summary: "Turns what the browser came back with into a stored key",
      request: callbackRequest,
      answer: "Connection",
      errors: [...ERRORS, 429, 504],
      examples: {
        "A state from elsewhere": {
          request: { code: "auth_code_1", state: "made-up" },
          status: 400,
          answer: {
            error: "INVALID_INPUT",
            message: '"state" must be the one that this function gave',
            statusCode: 400,
          },
        },
      },
    },
    "POST /disconnect": {
      summary: "Forgets the stored key; at OpenRouter it stays valid",
      answer: "Connection",
      errors: [401, 500, 502],
      examples: { "Not connected": { answer: { connected: false, required: false } } },
    },
  },
} satisfies Reference;
