/**
 * Connects assistant-ui with the functions.
 *
 * @example
 * ```ts
 * const adapter = createChatModelAdapter(ai, { model: "openai/gpt-4o-mini" });
 * // const runtime = useLocalRuntime(adapter);
 * ```
 *
 * @module
 */
import {
  type ChatTransportOptions,
  type Step,
  streamParts,
  toErrorText,
  toFilePart,
  toSource,
  toStepMessages,
} from "./chat_ui.ts";
import type { AiClient, ChatMessage, ContentPart, StreamPart, Tool } from "./mod.ts";

export type { ChatTransportOptions } from "./chat_ui.ts";

/** A part of a message of assistant-ui, as far as it is read here. */
export interface ThreadMessagePart {
  /** Such as `text`, `reasoning`, `image`, `file`, `source` or `tool-call`. */
  readonly type: string;
  /** Of the types `text` and `reasoning`. */
  readonly text?: string | undefined;
}

/** A message of assistant-ui, as far as it is read here. */
export interface ThreadMessage {
  /** Who wrote the message. */
  readonly role: "system" | "user" | "assistant";
  /** What the message consists of. */
  readonly content: readonly ThreadMessagePart[];
  /** What the user attached to the message. */
  readonly attachments?: readonly { readonly content: readonly ThreadMessagePart[] }[] | undefined;
}

/** A tool that is registered with assistant-ui. */
export interface ThreadTool {
  /** What the tool does, for the model. */
  description?: string | undefined;
  /** A JSON Schema, or a schema that can be converted to one, such as zod's. */
  parameters?: unknown;
  /** Runs the tool in the browser. Without it, the app adds the result with `addResult`. */
  // deno-lint-ignore no-explicit-any
  execute?: ((args: any, context: any) => unknown) | undefined;
}

/** What assistant-ui passes when it wants an answer. */
export interface ThreadRun {
  /** The conversation before the answer. */
  readonly messages: readonly ThreadMessage[];
  /** Aborted when the user stops the answer. */
  readonly abortSignal: AbortSignal;
  /** What components have registered. */
  readonly context: {
    readonly system?: string | undefined;
    readonly tools?: Record<string, ThreadTool> | undefined;
  };
  /** The answer so far, when the run continues one after its tools have answered. */
  unstable_getMessage?(): ThreadMessage;
}

/** The parts of an answer that are written here, in assistant-ui's form. */
export type AnswerPart =
  | { type: "text"; text: string }
  | {
    type: "reasoning";
    text: string;
    // deno-lint-ignore no-explicit-any
    providerMetadata: { openrouter: any };
  }
  | { type: "image"; image: string }
  | { type: "source"; sourceType: "url"; id: string; url: string; title?: string }
  | {
    type: "tool-call";
    toolCallId: string;
    toolName: string;
    // deno-lint-ignore no-explicit-any
    args: any;
    argsText: string;
    result?: unknown;
    isError?: boolean;
  };

/** Why an answer ended, in assistant-ui's words. */
export type AnswerStatus =
  | { type: "complete"; reason: "stop" | "unknown" }
  | { type: "requires-action"; reason: "tool-calls" }
  | { type: "incomplete"; reason: "length" | "content-filter" };

/** The answer so far. */
export interface AnswerUpdate {
  /** All parts so far. */
  content: AnswerPart[];
  /** Set in the last update. */
  status?: AnswerStatus;
  /** `custom` holds `usage`, `model` and `id`, once they are known. */
  metadata?: { custom: Record<string, unknown> };
}

/** A `ChatModelAdapter` of assistant-ui. */
export interface AiChatModelAdapter {
  /** Streams an answer, and runs the tools that have an `execute`. */
  run(options: ThreadRun): AsyncGenerator<AnswerUpdate, void>;
}

/**
 * Creates an adapter for `useLocalRuntime`. Tools and instructions that components register with
 * assistant-ui are sent along.
 *
 * @param options are sent with every request, such as `model` and `tools`.
 *
 * @example
 * ```ts
 * const adapter = createChatModelAdapter(ai, { temperature: 0 });
 * const messages: ThreadMessage[] = [{ role: "user", content: [{ type: "text", text: "Hi" }] }];
 * const abortSignal = AbortSignal.timeout(60_000);
 * for await (const { content } of adapter.run({ messages, abortSignal, context: {} })) {
 *   console.log(content);
 * }
 * ```
 */
export function createChatModelAdapter(
  ai: AiClient,
  options: ChatTransportOptions = {},
): AiChatModelAdapter {
  return {
    async *run({ messages, abortSignal: signal, context, ...run }) {
      const answer = run.unstable_getMessage?.();
      const system: ChatMessage[] = context.system
        ? [{ role: "system", content: context.system }]
        : [];
      const history = [...messages, ...answer ? [answer] : []];
      const tools = [...options.tools ?? [], ...toTools(context.tools)];
      const request = {
        messages: [...system, ...history.flatMap(toChatMessages)],
        ...tools.length > 0 && { tools },
      };
      const content: AnswerPart[] = [];
      const custom: Record<string, unknown> = {};
      for await (const part of streamParts(ai, options, { request, signal })) {
        if (part.type === "error") {
          const { error } = part;
          throw Object.assign(new Error(toErrorText(error), { cause: error }), {
            code: error.code,
          });
        }
        if (part.type === "usage") custom.usage = part.usage;
        if (part.type === "finish") {
          const { reason, model, id } = part;
          Object.assign(custom, { model, id });
          await runTools(content, context.tools, signal);
          yield { content, status: STATUSES[reason] ?? COMPLETE, metadata: { custom } };
        } else if (add(content, part)) {
          yield { content: [...content] };
        }
      }
    },
  };
}

const COMPLETE: AnswerStatus = { type: "complete", reason: "stop" };

const STATUSES: Record<string, AnswerStatus> = {
  tool_calls: { type: "requires-action", reason: "tool-calls" },
  length: { type: "incomplete", reason: "length" },
  content_filter: { type: "incomplete", reason: "content-filter" },
};

/** Adds a part to the answer, and tells whether the answer changed. */
function add(content: AnswerPart[], part: StreamPart): boolean {
  const last = content.at(-1);
  switch (part.type) {
    case "text":
    case "refusal":
      if (last?.type === "text") content.splice(-1, 1, { ...last, text: last.text + part.text });
      else content.push({ type: "text", text: part.text });
      return true;
    case "reasoning": {
      const joined = last?.type === "reasoning" ? last : undefined;
      const details = joined?.providerMetadata.openrouter.reasoning_details ?? [];
      const providerMetadata = {
        openrouter: { reasoning_details: [...details, ...part.details ?? []] },
      };
      const text = (joined?.text ?? "") + part.text;
      content.splice(joined ? -1 : content.length, 1, {
        type: "reasoning",
        text,
        providerMetadata,
      });
      return true;
    }
    case "image":
      return content.push({ type: "image", image: part.url }) > 0;
    case "annotation": {
      const source = toSource(part.annotation);
      if (!source) return false;
      const id = `source-${content.length}`;
      return content.push({ type: "source", sourceType: "url", id, ...source }) > 0;
    }
    case "tool-call":
      content.push({
        type: "tool-call",
        toolCallId: part.id,
        toolName: part.name,
        args: parse(part.arguments),
        argsText: part.arguments,
      });
      return true;
    default:
      return false;
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return {};
  }
}

/** Runs the called tools in order; a tool that throws answers with its message. */
async function runTools(
  content: AnswerPart[],
  tools: Record<string, ThreadTool> | undefined,
  abortSignal: AbortSignal,
): Promise<void> {
  for (const [index, part] of content.entries()) {
    if (part.type !== "tool-call") continue;
    const tool = tools && Object.hasOwn(tools, part.toolName) ? tools[part.toolName] : undefined;
    if (!tool?.execute) continue;
    const { toolCallId } = part;
    try {
      const result = await tool.execute(part.args, { toolCallId, abortSignal }) ?? null;
      content[index] = { ...part, result };
    } catch (error) {
      content[index] = { ...part, result: String(error), isError: true };
    }
  }
}

function toTools(tools: Record<string, ThreadTool> = {}): Tool[] {
  return Object.entries(tools).filter(([, { parameters }]) => parameters).map((
    [name, { description, parameters }],
  ) => ({
    type: "function",
    function: { name, description, parameters: toJsonSchema(parameters) },
  }));
}

/** Schema libraries offer their JSON Schema as described in Standard JSON Schema. */
// deno-lint-ignore no-explicit-any
function toJsonSchema(schema: any): object {
  return schema["~standard"]?.jsonSchema?.input({ target: "draft-07" }) ?? schema;
}

function toChatMessages({ role, content, attachments }: ThreadMessage): ChatMessage[] {
  if (role === "assistant") return toSteps(content).flatMap(toStepMessages);
  const parts = [...content, ...attachments?.flatMap(({ content }) => content) ?? []];
  return [{ role, content: parts.flatMap(toContentParts) }];
}

/** One message of assistant-ui holds all steps of an answer; the next one begins after results. */
// deno-lint-ignore no-explicit-any
function toSteps(content: readonly any[]): Step[] {
  const steps: Step[] = [];
  let step: Step | undefined;
  for (const { type, text, toolCallId, toolName, argsText, result, providerMetadata } of content) {
    if (!step || (step.calls.length > 0 && type !== "tool-call")) {
      steps.push(step = { text: "", details: [], calls: [] });
    }
    if (type === "text") step.text += text;
    step.details.push(...providerMetadata?.openrouter?.reasoning_details ?? []);
    if (type === "tool-call" && result !== undefined) {
      step.calls.push({ id: toolCallId, name: toolName, arguments: argsText, result });
    }
  }
  return steps;
}

// deno-lint-ignore no-explicit-any
function toContentParts(part: any): ContentPart[] {
  const { type, text, image, data, mimeType, filename, audio } = part;
  if (type === "text") return [{ type, text }];
  if (type === "image") return [{ type: "image_url", image_url: { url: image } }];
  if (type === "audio") return [{ type: "input_audio", input_audio: audio }];
  if (type !== "file") return [];
  const url = /^(data|https?):/.test(data) ? data : `data:${mimeType};base64,${data}`;
  return [toFilePart(url, mimeType, filename)];
}
