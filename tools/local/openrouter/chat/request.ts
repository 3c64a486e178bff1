/** The body of a chat completion: OpenRouter's checks, and how its parts are read. */
import * as z from "zod/mini";
import { invalidRequest, noEndpoints, providerError } from "../refusal.ts";
import type { Model } from "../model.ts";
import { providerField, requireProvider } from "../provider.ts";
import { countTokens } from "./tokens.ts";

const part = z.looseObject({
  type: z.string(),
  text: z.optional(z.string()),
  image_url: z.optional(z.looseObject({ url: z.string() })),
});

const toolCall = z.looseObject({
  id: z.string(),
  function: z.looseObject({ name: z.string(), arguments: z.string() }),
});

const message = z.looseObject({
  role: z.enum(["system", "developer", "user", "assistant", "tool", "function"]),
  content: z.nullish(z.union([z.string(), z.array(part)])),
  tool_calls: z.nullish(z.array(toolCall)),
  tool_call_id: z.optional(z.string()),
  /** The function whose result a message of role `function` holds. */
  name: z.optional(z.string()),
  function_call: z.nullish(z.looseObject({ name: z.string(), arguments: z.string() })),
});

const schema = z.record(z.string(), z.unknown());

const callable = z.looseObject({
  name: z.string(),
  description: z.optional(z.string()),
  parameters: z.optional(schema),
});

const tool = z.looseObject({
  type: z.string(),
  function: z.optional(callable),
  parameters: z.optional(z.looseObject({})),
});

const penalty = z.nullish(z.number().check(z.gte(-2), z.lte(2)));

const REASONING_EFFORTS = ["max", "xhigh", "high", "medium", "low", "minimal", "none"] as const;

/** Other fields are ignored, as OpenRouter ignores unknown fields. */
export const chatRequest = z.looseObject({
  messages: z.array(message, 'Input required: specify "prompt" or "messages"').check(
    z.minLength(1, 'Input required: specify "prompt" or "messages"'),
  ),
  model: z.optional(z.string()),
  models: z.optional(z.array(z.string())),
  stream: z.nullish(z.boolean()),
  max_tokens: z.nullish(z.int().check(z.gte(1))),
  max_completion_tokens: z.nullish(z.int().check(z.gte(1))),
  temperature: z.nullish(z.number().check(z.gte(0), z.lte(2))),
  top_p: z.nullish(z.number().check(z.gte(0), z.lte(1))),
  frequency_penalty: penalty,
  presence_penalty: penalty,
  seed: z.nullish(z.int()),
  top_logprobs: z.nullish(z.int().check(z.gte(0), z.lte(20))),
  session_id: z.nullish(z.string().check(z.maxLength(256))),
  stop: z.nullish(z.union([z.string(), z.array(z.string()).check(z.maxLength(4))])),
  tools: z.nullish(z.array(tool)),
  tool_choice: z.nullish(z.union([z.string(), z.looseObject({ type: z.string() })])),
  /** OpenAI's first form of `tools` and `tool_choice`. */
  functions: z.nullish(z.array(callable)),
  function_call: z.nullish(z.union([z.string(), z.looseObject({ name: z.string() })])),
  plugins: z.nullish(z.array(z.looseObject({ id: z.string() }))),
  reasoning: z.nullish(z.looseObject({
    effort: z.nullish(z.enum(REASONING_EFFORTS)),
    max_tokens: z.nullish(z.int().check(z.gte(0))),
    exclude: z.nullish(z.boolean()),
    enabled: z.nullish(z.boolean()),
  })),
  reasoning_effort: z.nullish(z.enum(REASONING_EFFORTS)),
  include_reasoning: z.nullish(z.boolean()),
  response_format: z.nullish(z.looseObject({
    type: z.enum(["text", "json_object", "json_schema", "grammar", "python"]),
    json_schema: z.optional(z.looseObject({
      name: z.string().check(z.maxLength(64)),
      schema: z.optional(schema),
    })),
  })),
  modalities: z.nullish(z.array(z.enum(["text", "image", "audio"]))),
  image_config: z.nullish(z.looseObject({ aspect_ratio: z.optional(z.string()) })),
  provider: providerField,
  debug: z.nullish(z.looseObject({ echo_upstream_body: z.optional(z.boolean()) })),
});

export type ChatRequest = z.infer<typeof chatRequest>;
export type Message = z.infer<typeof message>;
export type FunctionTool = NonNullable<z.infer<typeof tool>["function"]>;

/** Prompt tokens of one image. */
const IMAGE_TOKENS = 255;
const TOKENS_PER_MESSAGE = 4;

/** Refuses a request that contradicts itself. @throws {Refusal} 400 */
export function requireConsistent(request: ChatRequest): void {
  const { reasoning, reasoning_effort, messages, response_format, modalities, stream } = request;
  if (reasoning?.effort && reasoning_effort && reasoning.effort !== reasoning_effort) {
    throw invalidRequest(
      '"reasoning.effort" and "reasoning_effort" must not contradict each other',
    );
  }
  if (reasoning?.effort && reasoning.max_tokens) {
    throw invalidRequest(
      'Only one of "reasoning.effort" and "reasoning.max_tokens" can be specified',
    );
  }
  if (response_format?.type === "json_schema" && !response_format.json_schema?.schema) {
    throw invalidRequest('Invalid "response_format": "json_schema.schema" is required');
  }
  if (modalities?.includes("audio") && !stream) {
    throw invalidRequest("Audio output requires stream: true");
  }
  const called = new Set<string>();
  for (const { role, tool_calls, tool_call_id } of messages) {
    for (const { id } of tool_calls ?? []) called.add(id);
    if (role === "tool" && !called.has(tool_call_id ?? "")) {
      throw providerError(
        400,
        "OpenAI",
        "Invalid parameter: messages with role 'tool' must be a response to a preceding message " +
          "with 'tool_calls'.",
      );
    }
  }
}

/** Refuses a model that cannot serve the request. @throws {Refusal} 400 or 404 */
export function requireFit(request: ChatRequest, model: Model): void {
  const { modalities, reasoning, reasoning_effort, provider, messages } = request;
  if (!model.output.includes("text") && !model.output.includes("image")) {
    throw noEndpoints(`No endpoints found for ${model.id}.`);
  }
  requireProvider(provider, model);
  const missing = (modalities ?? []).filter((modality) => !model.output.includes(modality));
  if (missing.length > 0) {
    throw noEndpoints(
      `No endpoints found that support the requested output modalities: ${modalities!.join(", ")}`,
    );
  }
  if (countImages(messages) > 0 && !model.input.includes("image")) {
    throw noEndpoints("No endpoints found that support image input");
  }
  const hasFunctions = (request.functions ?? []).length > 0 ||
    request.tools?.some(({ type }) => type === "function");
  if (hasFunctions && !knows(model, "tools")) {
    throw noEndpoints("No endpoints found that support tool use.");
  }
  const unknown = Object.keys(request).some((field) =>
    PARAMETERS.has(field) && !knows(model, field)
  );
  const loose = request.response_format?.type === "json_schema" &&
    !knows(model, "structured_outputs");
  if (provider?.require_parameters && (unknown || loose)) {
    throw noEndpoints("No endpoints found that can handle the requested parameters.");
  }
  const off = reasoning?.enabled === false || (reasoning?.effort ?? reasoning_effort) === "none";
  if (model.reasoning?.mandatory && off) {
    throw invalidRequest("Reasoning is mandatory for this endpoint and cannot be disabled.");
  }
  const asked = countPromptTokens(messages) + (readMaxTokens(request) ?? 0);
  if (asked > model.context) {
    throw invalidRequest(
      `This endpoint's maximum context length is ${model.context} tokens. However, you requested ` +
        `about ${asked} tokens. Please reduce the length of either one.`,
    );
  }
}

/** Returns the output limit of the request, by either name. */
export function readMaxTokens(request: ChatRequest): number | undefined {
  return request.max_completion_tokens ?? request.max_tokens ?? undefined;
}

/** Returns the text of a message, with its parts joined. */
export function readText({ content }: Message): string {
  if (typeof content === "string") return content;
  return (content ?? []).flatMap(({ text }) => text ?? []).join("\n");
}

/** Returns the number of images in the messages. */
export function countImages(messages: Message[]): number {
  const parts = messages.flatMap(({ content }) => Array.isArray(content) ? content : []);
  return parts.filter(({ type }) => type === "image_url").length;
}

/** Returns the tokens of the whole conversation. */
export function countPromptTokens(messages: Message[]): number {
  const texts = messages.map((message) => countTokens(readText(message)) + TOKENS_PER_MESSAGE);
  return texts.reduce((sum, tokens) => sum + tokens, countImages(messages) * IMAGE_TOKENS);
}

const PARAMETERS = new Set(
  ["temperature", "top_p", "stop", "seed", "tools", "response_format", "reasoning"],
);

function knows({ parameters }: Model, parameter: string): boolean {
  return parameters.includes(parameter);
}
