/** Converts the deprecated proxy's requests to OpenRouter's, with its defaults. */
import type { ChatCompletionRequest, ImageGenerationRequest } from "@insforge/shared-schemas";
import { invalidInput } from "../../shared/errors.ts";
import { requireInputTokens } from "../../shared/request/input_tokens.ts";
import { DEFAULT_OUTPUT_TOKENS } from "../../shared/request/output_tokens.ts";
import type { Settings } from "../../shared/settings.ts";
import type { Fields } from "../../shared/fields.ts";

const DEFAULT_TEMPERATURE = 0.7;

type Message = ChatCompletionRequest["messages"][number];

/**
 * Creates the body of a chat completion. Missing fields are left out, except `temperature` (0.7)
 * and `max_tokens` (4096).
 *
 * @throws {ApiError} 400 `INVALID_INPUT` for a tool message without `tool_call_id`.
 */
export function toChatParams(
  request: ChatCompletionRequest,
  settings: Settings,
): Fields & { model: string } {
  requireInputTokens({ messages: request.messages }, settings);
  const plugins = toPlugins(request);
  return {
    model: toModel(request),
    messages: request.messages.map(toMessage),
    temperature: request.temperature ?? DEFAULT_TEMPERATURE,
    max_tokens: request.maxTokens ?? Math.min(DEFAULT_OUTPUT_TOKENS, settings.MAX_OUTPUT_TOKENS),
    top_p: request.topP,
    stream: request.stream ?? false,
    stream_options: request.stream ? { include_usage: true } : undefined,
    plugins: plugins.length > 0 ? plugins : undefined,
    tools: request.tools,
    tool_choice: request.toolChoice,
    parallel_tool_calls: request.parallelToolCalls,
    user: undefined, // the deprecated proxy did not send it
  };
}

/** Creates the body of the chat completion that makes images. */
export function toImageParams(
  { model, prompt, images }: ImageGenerationRequest,
  settings: Settings,
): Fields {
  requireInputTokens({ prompt }, settings);
  return {
    model,
    messages: [{ role: "user", content: images?.length ? toParts(prompt, images) : prompt }],
    stream: false,
    modalities: ["text", "image"],
    user: undefined,
  };
}

function toModel({ model, thinking }: ChatCompletionRequest): string {
  return thinking && !model.endsWith(":thinking") ? `${model}:thinking` : model;
}

function toMessage(message: Message): Fields {
  const { role, content, images, tool_calls, tool_call_id } = message;
  if (role === "tool") {
    if (!tool_call_id) throw invalidInput("Tool message is missing required tool_call_id");
    return {
      role,
      content: typeof content === "string" ? content : JSON.stringify(content),
      tool_call_id,
    };
  }
  if (role === "assistant" && tool_calls?.length) {
    return { role, content: content ?? null, tool_calls };
  }
  // The oldest form of images, which is ignored when the content has parts.
  if (images?.length && typeof content === "string") {
    return { role, content: toParts(content, images) };
  }
  return { role, content };
}

function toParts(text: string, images: { url: string }[]): Fields[] {
  return [
    { type: "text", text },
    ...images.map(({ url }) => ({ type: "image_url", image_url: { url } })),
  ];
}

function toPlugins({ webSearch, fileParser }: ChatCompletionRequest): Fields[] {
  const plugins: Fields[] = [];
  if (webSearch?.enabled) {
    plugins.push({
      id: "web",
      engine: webSearch.engine,
      max_results: webSearch.maxResults,
      search_prompt: webSearch.searchPrompt || undefined,
    });
  }
  if (fileParser?.enabled) {
    const engine = fileParser.pdf?.engine;
    plugins.push({ id: "file-parser", pdf: engine && { engine } });
  }
  return plugins;
}
