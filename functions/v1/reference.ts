/** The API reference of `v1`: what the schemas and types do not say. */
import { completionRequest } from "../../shared/request/chat_schemas.ts";
import { toAnthropicErrorBody, toOpenAIErrorBody } from "../../shared/errors.ts";
import type { Reference } from "../../tools/reference/operation.ts";
import { embeddingsRequest } from "./embeddings.ts";
import { mediaOperations } from "./media_operations.ts";
import { videoOperations } from "./video_operations.ts";
import { countRequest, messagesRequest } from "./messages.ts";
import { toPinmeErrorBody } from "./pinme_errors.ts";
import { responsesRequest } from "./responses.ts";

const ERRORS = [400, 401, 402, 403, 413, 429, 500, 502, 504];

const DESCRIPTION = `\
Clients that were made for OpenAI work with the session token as their key \
(\`docs/openai-clients.md\`), as bearer token, or as \`X-API-Key\` when there is no \
\`Authorization\` header. Requests and responses are OpenRouter's, unknown fields included, \
and pass through unchanged in both directions, with three exceptions. A \`model\` is added where none \
is given. The output limit is set as in \`chat\`, as \`max_tokens\` (sent to \`gpt-5\` and the \
o-series as \`max_completion_tokens\`, the only name they know) or \`max_output_tokens\`; a limit \
above \`MAX_OUTPUT_TOKENS\` is lowered. \`user\` is replaced by an opaque id of the caller.

Errors have OpenAI's shape: \`{ error: { message, type, code, param, metadata } }\`. \`code\` is the \
status as a number, as in OpenRouter's own errors. \`metadata.error_code\` is the code of the other \
functions, and \`metadata.next_actions\` says what to do. \`type\` is \
\`invalid_request_error\`, \`authentication_error\` (401), \`insufficient_quota\` (402), \
\`permission_error\` (403), \`rate_limit_error\` (429) or \`api_error\` (500 and above). A stream of \
chunks ends with an event of the same shape; among the events of a response, an error event has \
\`type: "error"\`.

\`POST /messages\` takes and returns Anthropic's format. Its errors have Anthropic's shape, also in a \
stream: \`{ type: "error", error: { type, message, metadata } }\` with the same \`metadata\`. \`type\` is \
\`billing_error\` (402), \`not_found_error\` (404), \`request_too_large\` (413), and otherwise as above. \
\`metadata.user_id\` of a request is replaced like \`user\`. The headers \`anthropic-version\` and \
\`anthropic-beta\` are not passed on. Anthropic's server tools, such as \`web_search_20250305\`, need \
\`ALLOWED_SERVER_TOOLS\`, and so does \`mcp_servers\`, under the name \`mcp\`.

The model \`assistant/<name>\` answers with a prompt of the app, in chat completions, responses and \
messages; \`variables\` fills it in (\`docs/assistants.md\`). With \`ASSISTANTS_ONLY\` these are the \
only models, and the other operations that call a model are a 403.

A model that does not exist is a 404 for \`GET\`, and a 400 otherwise. \`prompt\` instead of \
\`messages\`, \`store: true\`, \`background: true\`, \`previous_response_id\`, \`conversation\` \
are a 400; so is an \`item_reference\` in \`input\`, because no items are \
stored: send the items themselves, with the AI SDK by \`store: false\`. An operation that the gateway \
of the project lacks is a 400 that names it.

\`POST /images\` is OpenRouter's operation for images, \`POST /images/generations\` and \
\`POST /images/edits\` are OpenAI's. Edits take JSON, or a form with the files \`image\` or \
\`image[]\`; masks are a 400. A stream sends previews, when the provider has them, and then each image; \
a provider that does not stream sends the images alone. An image that could not be \
saved comes as \`b64_json\`, with \`save_error\`.

\`POST /audio/speech\` returns MP3 unless \`response_format\` is \`pcm\`; other formats are a 400. \
\`POST /audio/transcriptions\` takes \`input_audio\` in JSON, or a form with \`file\`. Self-hosted \
InsForge can deliver neither forms nor audio: there forms are a 400, and so is speech; use the function \
\`speech\`, which returns base64. 3D objects need \`ENABLE_OBJECT_GEN\`.

\`POST /messages/count_tokens\` estimates: 3 bytes of text are a token, and an image has 1,000.

Clients of PinMe append \`/api/v1/chat/completions?project_name=…\` and \`/api/v1/models\` to the \
same base URL. Errors there also have PinMe's envelope, \`{ code, msg, data: { error } }\`.

\`GET /models\` lists the app's assistants first when it has no filter. It lists all models unless \`output_modalities\` is given, and takes the filters of \
OpenRouter's list (\`category\`, \`supported_parameters\`, \`q\` …). It is up to five minutes old.

Limits: 8 MiB, and the time limits of \`chat\` and \`stream\`.`;

export const reference = {
  description: DESCRIPTION,
  toErrorBody: toOpenAIErrorBody,
  operations: {
    "POST /chat/completions": {
      summary: "Creates a chat completion, as JSON or as a stream",
      request: completionRequest,
      answer: "Completion",
      events: "Chunk | OpenAIError",
      errors: ERRORS,
      examples: {
        "A conversation": {
          request: { messages: [{ role: "user", content: "What is row-level security?" }] },
          answer: {
            id: "gen-1795278392-2b37d4896cc94004b162",
            object: "chat.completion",
            created: 1795278392,
            model: "openai/gpt-4o-mini",
            choices: [{
              index: 0,
              finish_reason: "stop",
              message: { role: "assistant", content: "Rules on who may see which rows." },
            }],
            usage: { prompt_tokens: 10, completion_tokens: 9, total_tokens: 19, cost: 0.0000069 },
          },
        },
        "A stream": {
          request: {
            messages: [{ role: "user", content: "What is row-level security?" }],
            stream: true,
          },
          answer: [
            {
              id: "gen-1795278388-6cd023a8741e4a8e97f4",
              model: "openai/gpt-4o-mini",
              choices: [{ index: 0, delta: { content: "Rules" }, finish_reason: null }],
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
        "An assistant": {
          request: {
            model: "assistant/support",
            variables: { product: "Tea" },
            messages: [{ role: "user", content: "Where is my order?" }],
          },
        },
        "No messages": {
          request: { messages: [] },
          status: 400,
          answer: {
            error: {
              message: '"messages" must be a non-empty array',
              type: "invalid_request_error",
              code: 400,
              param: "messages",
              metadata: {
                error_code: "INVALID_INPUT",
                next_actions: "Correct the request as the message says",
              },
            },
          },
        },
      },
    },
    "POST /responses": {
      summary: "Creates a response, as JSON or as a stream; it is not stored",
      request: responsesRequest,
      answer: "ModelResponse",
      events: "ResponseEvent",
      errors: ERRORS,
      examples: {
        "A text": {
          request: { input: "What is row-level security?", instructions: "Be brief" },
          answer: {
            id: "gen-1795278396-0c1f54f0a7ad4b6e9f21",
            object: "response",
            created_at: 1795278396,
            model: "openai/gpt-4o-mini",
            status: "completed",
            output: [{
              id: "msg_0c1f54f0a7ad4b6e9f21_0",
              type: "message",
              role: "assistant",
              status: "completed",
              content: [{
                type: "output_text",
                text: "Rules on who may see which rows.",
                annotations: [],
              }],
            }],
            usage: { input_tokens: 16, output_tokens: 9, total_tokens: 25, cost: 0.0000078 },
          },
        },
        "A stream": {
          request: { input: "What is row-level security?", stream: true },
          answer: [
            {
              type: "response.created",
              response: {
                id: "gen-1795278398-5e0b6d1f6c6a4d58b1a7",
                model: "openai/gpt-4o-mini",
                status: "in_progress",
                output: [],
              },
            },
            { type: "response.in_progress", sequence_number: 1 },
            {
              type: "response.completed",
              response: {
                id: "gen-1795278398-5e0b6d1f6c6a4d58b1a7",
                model: "openai/gpt-4o-mini",
                status: "completed",
                usage: { input_tokens: 13, output_tokens: 9, total_tokens: 22, cost: 0.0000073 },
              },
            },
            "[DONE]",
          ],
        },
        "To be stored": {
          request: { input: "Hello", store: true },
          status: 400,
          answer: {
            error: {
              message: '"store" must be false',
              type: "invalid_request_error",
              code: 400,
              param: "store",
              metadata: {
                error_code: "INVALID_INPUT",
                next_actions: "Correct the request as the message says",
              },
            },
          },
        },
      },
    },
    "POST /messages": {
      summary: "Creates a message in Anthropic's format, as JSON or as a stream",
      request: messagesRequest,
      answer: "AnthropicMessage",
      events: "AnthropicEvent | AnthropicError",
      toErrorBody: toAnthropicErrorBody,
      errors: ERRORS,
      examples: {
        "A conversation": {
          request: {
            model: "anthropic/claude-sonnet-4.5",
            max_tokens: 1024,
            system: "Be brief",
            messages: [{ role: "user", content: "What is row-level security?" }],
          },
          answer: {
            id: "gen-1795278396-7c9a41f0a7ad4b6e9f21",
            type: "message",
            role: "assistant",
            model: "anthropic/claude-sonnet-4.5",
            content: [{ type: "text", text: "Rules on who may see which rows." }],
            stop_reason: "end_turn",
            stop_sequence: null,
            usage: {
              input_tokens: 16,
              output_tokens: 9,
              cache_creation_input_tokens: 0,
              cache_read_input_tokens: 0,
              cost: 0.000183,
            },
          },
        },
        "A stream": {
          request: {
            max_tokens: 1024,
            messages: [{ role: "user", content: "What is row-level security?" }],
            stream: true,
          },
          answer: [
            {
              type: "message_start",
              message: {
                id: "gen-1795278398-1f0b6d1f6c6a4d58b1a7",
                type: "message",
                role: "assistant",
                model: "openai/gpt-4o-mini",
                content: [],
                stop_reason: null,
                usage: { input_tokens: 13, output_tokens: 1 },
              },
            },
            {
              type: "message_delta",
              delta: { stop_reason: "end_turn", stop_sequence: null },
              usage: { input_tokens: 13, output_tokens: 9, cost: 0.0000073 },
            },
            { type: "message_stop" },
          ],
        },
        "A tool without a schema": {
          request: {
            max_tokens: 1024,
            messages: [{ role: "user", content: "Hello" }],
            tools: [{ name: "weather" }],
          },
          status: 400,
          answer: {
            type: "error",
            error: {
              type: "invalid_request_error",
              message: '"tools[0].input_schema" is required in a tool without a type',
              metadata: {
                error_code: "INVALID_INPUT",
                next_actions: "Correct the request as the message says",
              },
            },
          },
        },
      },
    },
    "POST /messages/count_tokens": {
      summary: "Estimates the tokens of a conversation in Anthropic's format; it costs nothing",
      request: countRequest,
      answer: "TokenCount",
      toErrorBody: toAnthropicErrorBody,
      errors: [400, 401, 413, 500, 502],
      examples: {
        "A conversation": {
          request: { messages: [{ role: "user", content: "What is row-level security?" }] },
          answer: { input_tokens: 12 },
        },
      },
    },
    "POST /api/v1/chat/completions": {
      summary: "The same as `/chat/completions`, for clients of PinMe",
      request: completionRequest,
      answer: "Completion",
      events: "Chunk | OpenAIError",
      toErrorBody: toPinmeErrorBody,
      errors: ERRORS,
      examples: {
        "A conversation": {
          request: { messages: [{ role: "user", content: "What is row-level security?" }] },
        },
        "No messages": {
          request: { messages: [] },
          status: 400,
          answer: {
            code: 400,
            msg: "invalid params",
            data: { error: '"messages" must be a non-empty array' },
            error: {
              message: '"messages" must be a non-empty array',
              type: "invalid_request_error",
              code: 400,
              param: "messages",
              metadata: {
                error_code: "INVALID_INPUT",
                next_actions: "Correct the request as the message says",
              },
            },
          },
        },
      },
    },
    "POST /embeddings": {
      summary: "Turns texts into vectors, as numbers or as base64",
      request: embeddingsRequest,
      answer: "Embeddings | Base64Embeddings",
      errors: ERRORS,
      examples: {
        "A text": {
          request: { input: "A bakery on a hill", dimensions: 3 },
          answer: {
            object: "list",
            model: "openai/text-embedding-3-small",
            data: [{ object: "embedding", index: 0, embedding: [-0.5626, 0.6058, -0.5626] }],
          },
        },
        "In base64, as OpenAI's SDK asks for": {
          request: { input: ["A bakery on a hill"], dimensions: 3, encoding_format: "base64" },
          answer: {
            object: "list",
            model: "openai/text-embedding-3-small",
            data: [{ object: "embedding", index: 0, embedding: "QwQQv0gYGz9DBBC/" }],
          },
        },
        "No text": {
          request: { input: "" },
          status: 400,
          answer: {
            error: {
              message: '"input" must not be empty',
              type: "invalid_request_error",
              code: 400,
              param: "input",
              metadata: {
                error_code: "INVALID_INPUT",
                next_actions: "Correct the request as the message says",
              },
            },
          },
        },
      },
    },
    ...mediaOperations,
    ...videoOperations,
    "GET /api/v1/models": {
      summary: "The same as `/models`, for clients of PinMe",
      answer: "OpenAIModelList",
      toErrorBody: toPinmeErrorBody,
      errors: [400, 401, 429, 500, 502, 504],
      examples: { "All": {} },
    },
    "GET /models/count": {
      summary: "Counts the models of OpenRouter that the app allows",
      answer: "ModelCount",
      errors: [400, 401, 429, 500, 502, 504],
      examples: { "All": { answer: { data: { count: 31 } } } },
    },
    "GET /embeddings/models": {
      summary: "Lists the models for vectors that the app allows",
      answer: "OpenAIModelList",
      errors: [400, 401, 429, 500, 502, 504],
      examples: { "All": {} },
    },
    "GET /model/:author/:slug": {
      summary: "Returns one model in OpenRouter's form; aliases and variants are resolved",
      answer: "ModelDetails",
      errors: [400, 401, 404, 429, 500, 502, 504],
      examples: {
        "A model": {
          parameters: { author: "openai", slug: "gpt-4o-mini" },
          answer: { data: { id: "openai/gpt-4o-mini", context_length: 128000 } },
        },
      },
    },
    "GET /models/:author/:slug/endpoints": {
      summary: "Returns one model with the providers that serve it",
      answer: "ModelDetails",
      errors: [400, 401, 404, 429, 500, 502, 504],
      examples: {
        "A model": {
          parameters: { author: "openai", slug: "gpt-4o-mini" },
          answer: {
            data: {
              id: "openai/gpt-4o-mini",
              endpoints: [{ provider_name: "OpenAI", context_length: 128000 }],
            },
          },
        },
      },
    },
    "GET /models": {
      summary: "Lists the models of OpenRouter that the app allows",
      answer: "OpenAIModelList",
      errors: [400, 401, 429, 500, 502, 504],
      examples: {
        "All": {
          answer: {
            object: "list",
            data: [{
              id: "openai/gpt-4o-mini",
              object: "model",
              created: 1721260800,
              owned_by: "openai",
              context_length: 128000,
            }],
            total_count: 1,
            links: { next: null },
          },
        },
      },
    },
    "GET /models/:id{.+}": {
      summary: "Returns one model of the catalogue",
      answer: "OpenAIModel",
      errors: [401, 404, 429, 500, 502, 504],
      examples: {
        "A model": {
          parameters: { id: "openai/gpt-4o-mini" },
          answer: {
            id: "openai/gpt-4o-mini",
            object: "model",
            created: 1721260800,
            owned_by: "openai",
            name: "OpenAI: GPT-4o-mini",
            context_length: 128000,
            pricing: { prompt: "0.00000015", completion: "0.0000006" },
          },
        },
        "A model that does not exist": {
          parameters: { id: "openai/gpt-0" },
          status: 404,
          answer: {
            error: {
              message: 'There is no model "openai/gpt-0"',
              type: "invalid_request_error",
              code: 404,
              param: "model",
              metadata: {
                error_code: "AI_INVALID_MODEL",
                next_actions: "Choose another model",
              },
            },
          },
        },
      },
    },
  },
} satisfies Reference;
