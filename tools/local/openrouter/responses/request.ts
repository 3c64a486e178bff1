/** The body of a response request, and its conversion to a chat completion request. */
import * as z from "zod/mini";
import { type ChatRequest, chatRequest, type Message } from "../chat/request.ts";
import { invalidRequest } from "../refusal.ts";

const part = z.looseObject({
  type: z.string(),
  text: z.optional(z.string()),
  image_url: z.nullish(z.string()),
});
const content = z.nullish(z.union([z.string(), z.array(part)]));

const item = z.looseObject({
  type: z.optional(z.string()),
  role: z.optional(z.enum(["system", "developer", "user", "assistant"])),
  content,
  call_id: z.optional(z.string()),
  name: z.optional(z.string()),
  arguments: z.optional(z.string()),
  output: content,
});

const tool = z.looseObject({
  type: z.string(),
  name: z.optional(z.string()),
  description: z.nullish(z.string()),
  parameters: z.nullish(z.record(z.string(), z.unknown())),
});

const format = z.union([
  z.looseObject({ type: z.enum(["text", "json_object"]) }),
  z.looseObject({
    type: z.literal("json_schema"),
    name: z.string(),
    schema: z.record(z.string(), z.unknown()),
  }),
]);

/** Fields with the same meaning in a chat completion. */
const shared = z.pick(chatRequest, {
  model: true,
  models: true,
  stream: true,
  temperature: true,
  top_p: true,
  plugins: true,
  reasoning: true,
  modalities: true,
  image_config: true,
  provider: true,
  debug: true,
});

/** Other fields are ignored. Fields that need stored responses are refused. */
export const responsesRequest = z.extend(shared, {
  input: z.union([z.string(), z.array(item)], 'Input required: specify "input"').check(
    z.minLength(1, 'Input required: specify "input"'),
  ),
  instructions: z.nullish(z.string()),
  max_output_tokens: z.nullish(z.int().check(z.gte(1))),
  tools: z.nullish(z.array(tool)),
  tool_choice: z.nullish(z.union([z.string(), z.looseObject({ type: z.string() })])),
  text: z.nullish(z.looseObject({ format: z.nullish(format) })),
  store: z.nullish(z.literal(false, "responses are not stored")),
  previous_response_id: z.nullish(z.undefined("responses are not stored")),
});

export type ResponsesRequest = z.infer<typeof responsesRequest>;
type Item = z.infer<typeof item>;
type Tool = z.infer<typeof tool>;

/** Drops the fields of a chat completion that a response does not have. */
const strict = z.object(shared.shape);

/** Converts the request to the same chat completion request. */
export function toChatRequest(request: ResponsesRequest): ChatRequest {
  const { instructions, input, max_output_tokens, tools, tool_choice, text } = request;
  const system: Message[] = instructions ? [{ role: "system", content: instructions }] : [];
  const said: Message[] = typeof input === "string"
    ? [{ role: "user", content: input }]
    : input.flatMap(toMessages);
  if (said.length === 0) throw invalidRequest('Invalid "input": it must hold a message');
  const { type, ...json_schema } = text?.format ?? { type: "text" };
  return {
    ...strict.parse(request),
    messages: [...system, ...said],
    max_tokens: max_output_tokens,
    ...(tools && { tools: tools.map(toTool) }),
    ...(tool_choice && { tool_choice: toToolChoice(tool_choice) }),
    ...(type !== "text" && { response_format: { type, json_schema } }),
  } as ChatRequest;
}

function toMessages({ type = "message", ...item }: Item): Message[] {
  switch (type) {
    case "message":
      return [{ role: item.role ?? "user", content: toContent(item.content) }];
    case "function_call": {
      const { call_id = "", name = "", arguments: text = "" } = item;
      const call = { id: call_id, type: "function", function: { name, arguments: text } };
      return [{ role: "assistant", content: null, tool_calls: [call] }];
    }
    case "function_call_output":
      return [{ role: "tool", tool_call_id: item.call_id, content: toContent(item.output) }];
    case "item_reference":
      throw invalidRequest(
        'Invalid "input": item_reference is not supported, as responses are not stored',
      );
    default:
      return []; // reasoning and searches of earlier turns change nothing here
  }
}

function toContent(content: Item["content"]): Message["content"] {
  if (!Array.isArray(content)) return content;
  return content.map(({ type, text, image_url: url }) =>
    url ? { type: "image_url", image_url: { url } } : { type, text }
  );
}

function toTool({ type, ...rest }: Tool) {
  return type === "function" ? { type, function: rest } : { type, ...rest };
}

function toToolChoice(choice: NonNullable<ResponsesRequest["tool_choice"]>) {
  return typeof choice === "object" && choice.type === "function"
    ? { type: choice.type, function: { name: choice.name } }
    : choice;
}
