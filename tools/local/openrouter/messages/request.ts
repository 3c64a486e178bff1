/** The body of a request for a message, and its conversion to a chat completion request. */
import * as z from "zod/mini";
import { type ChatRequest, chatRequest, type Message } from "../chat/request.ts";
import { invalidRequest } from "../refusal.ts";

const source = z.looseObject({
  type: z.string(),
  media_type: z.optional(z.string()),
  data: z.optional(z.string()),
  url: z.optional(z.string()),
});

const part = z.looseObject({
  type: z.string(),
  text: z.optional(z.string()),
  source: z.optional(source),
});

const block = z.looseObject({
  ...part.def.shape,
  id: z.optional(z.string()),
  name: z.optional(z.string()),
  input: z.optional(z.unknown()),
  tool_use_id: z.optional(z.string()),
  content: z.nullish(z.union([z.string(), z.array(z.looseObject({ type: z.string() }))])),
});

const tool = z.looseObject({
  type: z.nullish(z.string()),
  name: z.optional(z.string()),
  description: z.optional(z.string()),
  input_schema: z.optional(z.record(z.string(), z.unknown())),
});

/** Fields with the same meaning in a chat completion. */
const shared = z.pick(chatRequest, {
  model: true,
  models: true,
  max_tokens: true,
  stream: true,
  temperature: true,
  top_p: true,
  plugins: true,
  provider: true,
});

/** Other fields are ignored. */
export const messagesRequest = z.extend(shared, {
  messages: z.array(
    z.looseObject({
      role: z.enum(["user", "assistant"]),
      content: z.union([z.string(), z.array(block)]),
    }),
  ).check(z.minLength(1)),
  system: z.nullish(z.union([z.string(), z.array(part)])),
  stop_sequences: z.nullish(z.array(z.string())),
  thinking: z.nullish(z.looseObject({
    type: z.enum(["enabled", "adaptive", "disabled"]),
    budget_tokens: z.nullish(z.int()),
  })),
  tools: z.nullish(z.array(tool)),
  tool_choice: z.nullish(z.looseObject({
    type: z.enum(["auto", "any", "tool", "none"]),
    name: z.optional(z.string()),
  })),
});

export type MessagesRequest = z.infer<typeof messagesRequest>;
type Turn = MessagesRequest["messages"][number];
type Block = z.infer<typeof block>;
type Tool = z.infer<typeof tool>;

/** Drops the fields of a chat completion that a request for a message does not have. */
const strict = z.object(shared.shape);

/** Converts the request to the same chat completion request. */
export function toChatRequest(request: MessagesRequest): ChatRequest {
  const { system, messages, stop_sequences, thinking, tools, tool_choice, max_tokens } = request;
  if (thinking?.budget_tokens && max_tokens && thinking.budget_tokens >= max_tokens) {
    throw invalidRequest("`max_tokens` must be greater than `thinking.budget_tokens`");
  }
  const instructions: Message[] = system
    ? [{ role: "system", content: typeof system === "string" ? system : system.map(toPart) }]
    : [];
  return {
    ...strict.parse(request),
    messages: [...instructions, ...messages.flatMap(toMessages)],
    ...(stop_sequences?.length && { stop: stop_sequences }),
    ...(thinking && { reasoning: toReasoning(thinking) }),
    ...(tools && { tools: tools.map(toTool) }),
    ...(tool_choice && { tool_choice: toToolChoice(tool_choice) }),
  } as ChatRequest;
}

/** Results of tools are messages of their own in a chat completion. */
function toMessages({ role, content }: Turn): Message[] {
  if (typeof content === "string") return [{ role, content }];
  const results = content.filter(({ type }) => type === "tool_result").map(toResult);
  const parts = content.filter(({ type }) => type === "text" || type === "image").map(toPart);
  const calls = content.filter(({ type }) => type === "tool_use").map(({ id, name, input }) => ({
    id: id ?? "",
    type: "function" as const,
    function: { name: name ?? "", arguments: JSON.stringify(input ?? {}) },
  }));
  if (calls.length > 0) {
    return [{ role, content: parts.length > 0 ? parts : null, tool_calls: calls }];
  }
  const said: Message[] = parts.length > 0 || results.length === 0
    ? [{ role, content: parts }]
    : [];
  return [...results, ...said];
}

function toResult({ tool_use_id, content }: Block): Message {
  const parts = Array.isArray(content) ? content.map((one) => toPart(part.parse(one))) : content;
  return { role: "tool", tool_call_id: tool_use_id, content: parts ?? "" };
}

function toPart({ type, text = "", source }: z.infer<typeof part>) {
  if (type !== "image" || !source) return { type: "text", text };
  const { media_type, data, url = `data:${media_type};base64,${data}` } = source;
  return { type: "image_url", image_url: { url } };
}

function toReasoning({ type, budget_tokens }: NonNullable<MessagesRequest["thinking"]>) {
  return type === "enabled" && budget_tokens
    ? { max_tokens: budget_tokens }
    : { enabled: type !== "disabled" };
}

function toTool({ type, name, description, input_schema, ...rest }: Tool) {
  if (input_schema) {
    return { type: "function", function: { name, description, parameters: input_schema } };
  }
  return { type: type?.replace(/^(web_search)_\d+$/, "openrouter:$1"), ...rest };
}

function toToolChoice({ type, name }: NonNullable<MessagesRequest["tool_choice"]>) {
  if (type === "tool") return { type: "function", function: { name } };
  return type === "any" ? "required" : type;
}
