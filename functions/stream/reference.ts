/** The API reference of `stream`: what the schemas and types do not say. */
import type { Reference } from "../../tools/reference/operation.ts";
import { streamRequest } from "./schema.ts";

const DESCRIPTION = `\
The request is that of \`chat\`. The response is OpenRouter's own \`text/event-stream\`, byte for \
byte: chunks as OpenAI's \`chat.completion.chunk\`, comments that keep the connection open, a \
chunk with \`usage\`, and \`data: [DONE]\`. \`stream_options.include_usage\` is always true.

Errors before the first event have a status. Later ones are one error event without \`[DONE]\`, \
also when OpenRouter's stream is cut, stalls (\`STREAM_IDLE_WATCHDOG_MS\`) or contains no answer. \
Closing the connection aborts the generation.

With \`Accept: text/plain\` as the first type, the response is the text of the answer alone, as it \
is written. Plain text has no form for an error, so a failure after the first byte breaks the \
connection. A failure before it has a status and the usual JSON.

The body of chatbot-ui is understood, too: \`{ chatSettings: { model, temperature }, messages }\`. The \
other fields of \`chatSettings\` are ignored, because chatbot-ui applies them to \`messages\` itself.

Limits: 8 MiB; the first event within 120 seconds, the last within 10 minutes; on self-hosted InsForge 55 seconds.`;

export const reference = {
  description: DESCRIPTION,
  operations: {
    "POST /": {
      summary: "Answers a prompt or a conversation as a stream",
      request: streamRequest,
      events: "Chunk | StreamError",
      errors: [400, 401, 402, 403, 413, 429, 500, 502, 504],
      examples: {
        "A prompt": {
          request: { prompt: "Three names for a bakery on a hill?" },
          answer: [
            {
              id: "gen-1795278388-6cd023a8741e4a8e97f4",
              model: "openai/gpt-4o-mini",
              choices: [{ index: 0, delta: { content: "Hilltop" }, finish_reason: null }],
            },
            {
              id: "gen-1795278388-6cd023a8741e4a8e97f4",
              model: "openai/gpt-4o-mini",
              choices: [{ index: 0, delta: { content: "" }, finish_reason: "stop" }],
              usage: {
                prompt_tokens: 12,
                completion_tokens: 14,
                total_tokens: 26,
                cost: 0.0000102,
              },
            },
            "[DONE]",
          ],
        },
        "A failure in mid-stream": {
          request: {
            prompt: "Three names for a bakery on a hill?",
            simulate: { fail: "event", after: 1 },
          },
          answer: [
            {
              id: "gen-1795278388-6cd023a8741e4a8e97f4",
              model: "openai/gpt-4o-mini",
              choices: [{ index: 0, delta: { content: "Hilltop" }, finish_reason: null }],
            },
            {
              error: {
                code: "AI_UPSTREAM_UNAVAILABLE",
                message: "The AI provider failed or could not be reached",
              },
            },
          ],
        },
        "The body of chatbot-ui": {
          request: {
            chatSettings: { model: "openai/gpt-4o-mini", temperature: 0.5, contextLength: 4096 },
            messages: [{ role: "user", content: "Three names for a bakery on a hill?" }],
          },
        },
        "A temperature in two places": {
          request: {
            chatSettings: { model: "openai/gpt-4o-mini", temperature: 0.5 },
            messages: [{ role: "user", content: "Three names for a bakery on a hill?" }],
            temperature: 1,
          },
          status: 400,
          answer: {
            error: "INVALID_INPUT",
            message: '"temperature" cannot be combined with "chatSettings"',
            statusCode: 400,
            nextActions: "Correct the request as the message says",
          },
        },
        "A JSON response, which is another function's": {
          request: { prompt: "Hello", stream: false },
          status: 400,
          answer: {
            error: "INVALID_INPUT",
            message: '"stream" must be true; use the function "chat" for one JSON response',
            statusCode: 400,
            nextActions: "Correct the request as the message says",
          },
        },
      },
    },
  },
} satisfies Reference;
