/** The API reference of `chat`: what the schemas and types do not say. */
import { chatRequest } from "../../shared/request/chat_schemas.ts";
import type { Reference } from "../../tools/reference/operation.ts";

const DESCRIPTION = `\
Web search is the tool \`{ "type": "openrouter:web_search" }\`; how many results it brings is \
bounded (\`docs/limits-and-policy.md\`). \`tools\`, \`response_format\`, \`reasoning\`, \
\`provider\`, \`plugins\` and all other fields of OpenRouter pass through.

\`assistant\` answers with a prompt that the app keeps on the server, filled in with \`variables\` \
(\`docs/assistants.md\`). With \`ASSISTANTS_ONLY\` an assistant is required, and only messages of the user \
and the fields that the assistant opens are accepted.

With \`finish_reason\` \`length\` and an empty \`text\`, the model spent all its tokens on \
reasoning.

\`stream: true\`, \`n\` above 1 and audio output are refused with a 400. Limits: 8 MiB, 55 \
seconds; \`max_tokens\` is 4096 unless given.`;

export const reference = {
  description: DESCRIPTION,
  operations: {
    "POST /": {
      summary: "Answers a prompt or a conversation in one JSON response",
      request: chatRequest,
      answer: "ChatAnswer",
      errors: [400, 401, 402, 403, 413, 429, 500, 502, 504],
      examples: {
        "A prompt": {
          request: { prompt: "Three names for a bakery on a hill?" },
          answer: {
            id: "gen-1795278385-f5eaf1bc595448afbea0",
            model: "openai/gpt-4o-mini",
            text: "Hilltop Crust, The Rising Slope, Summit & Crumb",
            finish_reason: "stop",
            usage: { prompt_tokens: 12, completion_tokens: 14, total_tokens: 26, cost: 0.0000102 },
          },
        },
        "A conversation": {
          request: {
            messages: [
              { role: "system", content: "Answer in one sentence." },
              { role: "user", content: "What is row-level security?" },
            ],
            max_tokens: 200,
          },
        },
        "An assistant": {
          request: {
            assistant: "support",
            variables: { product: "Tea" },
            prompt: "Where is my order?",
          },
        },
        "A variable that is too long": {
          request: {
            assistant: "support",
            variables: { product: "a".repeat(61) },
            prompt: "Where is my order?",
          },
          status: 400,
          answer: {
            error: "INVALID_INPUT",
            message: '"variables.product" must have at most 60 characters',
            statusCode: 400,
            nextActions: "Correct the request as the message says",
          },
        },
        "A tool": {
          request: {
            prompt: "What is the weather in Lisbon?",
            tools: [{
              type: "function",
              function: {
                name: "get_weather",
                parameters: { type: "object", properties: { city: { type: "string" } } },
              },
            }],
          },
          answer: {
            id: "gen-1795278385-3dbb3a39436a4f988392",
            model: "openai/gpt-4o-mini",
            text: "",
            finish_reason: "tool_calls",
            tool_calls: [{
              id: "call_f8a5f3dc",
              type: "function",
              function: { name: "get_weather", arguments: '{"city":"Lisbon"}' },
            }],
            usage: { prompt_tokens: 10, completion_tokens: 15, total_tokens: 25, cost: 0.0000105 },
          },
        },
        "A prompt and messages": {
          request: { prompt: "Hello", messages: [{ role: "user", content: "Hello" }] },
          status: 400,
          answer: {
            error: "INVALID_INPUT",
            message: 'Either "prompt" or "messages" must be given, and not both',
            statusCode: 400,
            nextActions: "Correct the request as the message says",
          },
        },
        "A stream, which is another function's": {
          request: { prompt: "Hello", stream: true },
          status: 400,
          answer: {
            error: "INVALID_INPUT",
            message: '"stream" must be false; use the function "stream" to stream',
            statusCode: 400,
            nextActions: "Correct the request as the message says",
          },
        },
      },
    },
  },
} satisfies Reference;
