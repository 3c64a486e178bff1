/**
 * What must compile with the client's types, and what must not. Never run: `deno check` reads this
 * file as it is, and the package's test compiles it against the installed package.
 */
import type { OpenAI } from "openai";
import { createChatTransport } from "../../client/ai_sdk.ts";
import type { AiClient, ChatMessage, ChatRequest, Tool } from "../../client/mod.ts";
import { createChatModelAdapter } from "../../client/assistant_ui.ts";
import { useAiChat } from "../../client/react.ts";
import { createChatConnection } from "../../client/tanstack.ts";

interface AppMessage {
  id: string;
  role: "user" | "assistant";
  content: string;
  createdAt: Date;
}

interface AppTool {
  type: "function";
  function: { name: string; parameters: { type: "object"; properties: object } };
}

interface AppRequest {
  messages: AppMessage[];
  model?: string;
  temperature?: number;
}

/** Types of the app, of OpenAI's SDK, and the client's own. */
export const accepted = [
  (ai: AiClient, messages: AppMessage[]) => ai.chat({ messages }),
  (ai: AiClient, messages: readonly AppMessage[]) => ai.stream({ messages }),
  (ai: AiClient, request: AppRequest) => ai.stream(request),
  (ai: AiClient, tools: AppTool[]) => ai.chat({ prompt: "Hello", tools }),
  (ai: AiClient, messages: OpenAI.ChatCompletionMessageParam[]) => ai.chat({ messages }),
  (ai: AiClient, tools: OpenAI.ChatCompletionTool[]) => ai.stream({ prompt: "Hello", tools }),
  (ai: AiClient, message: OpenAI.ChatCompletionMessage) => ai.chat({ messages: [message] }),
  (ai: AiClient, choice: OpenAI.ChatCompletionToolChoiceOption) =>
    ai.chat({ prompt: "Hello", tool_choice: choice }),
  (ai: AiClient, model: string | undefined) => ai.chat({ prompt: "Hello", model, seed: undefined }),
  (ai: AiClient) =>
    ai.chat({ assistant: "support", variables: { product: "Tea", seats: 5 }, prompt: "Hello" }),
  (ai: AiClient) => {
    const request = { prompt: "Hello", a_field_of_tomorrow: true };
    return ai.chat(request);
  },
  (ai: AiClient, messages: ChatMessage[]) =>
    ai.chat({
      messages,
      models: ["a/b", "c/d"],
      max_tokens: 10,
      temperature: 0,
      stop: ["."],
      response_format: { type: "json_schema", json_schema: { name: "a", schema: {} } },
      reasoning: { effort: "low" },
      provider: { order: ["a"], zdr: true },
      plugins: [{ id: "web", max_results: 3 }],
      tools: [{ type: "openrouter:web_search", parameters: { max_results: 3 } }],
      tool_choice: "auto",
      modalities: ["text", "image"],
    }),
  (ai: AiClient, extra: Partial<Pick<ChatRequest, "model">>) =>
    ai.chat({ prompt: "Hello", ...extra }),
  (ai: AiClient) => createChatTransport(ai, { model: "a/b", tools: [] }).reconnectToStream(),
  (ai: AiClient) => createChatModelAdapter(ai, { model: "a/b", slug: "own" }),
  (ai: AiClient) => createChatConnection(ai, { temperature: 0 }).connect([]),
  (ai: AiClient) => useAiChat(ai, { request: { seed: 1 }, onToolCall: ({ name }) => name }).stop(),
  (ai: AiClient) => ai.call<{ text: string }>("own", { a: 1 }).then(({ text }) => text.length),
  async (ai: AiClient) => {
    for await (const part of ai.streamFrom<{ step: number }>("own")) {
      if (part.type === "data") part.data.step.toFixed();
    }
  },
  (ai: AiClient) => ai.generateImage({ prompt: "a", save: { bucket: "b" }, size: "1024x1024" }),
  (ai: AiClient) => ai.embeddings({ input: ["a"] }).then(({ embeddings }) => embeddings[0]?.[0]),
  (ai: AiClient) =>
    ai.summarizeRecords({ table: "t", filters: [{ column: "a", op: "in", value: [1] }] }),
  (ai: AiClient) => ai.ask({ question: "a", function: "match_a" }).then(({ answer }) => answer),
  async (ai: AiClient) => {
    for await (const part of ai.streamAsk({ question: "a", table: "t", filters: [] })) {
      if (part.type === "citations") part.citations[0]?.excerpt.length;
    }
  },
];

/** Mistakes that the compiler has to find. */
export const rejected = [
  // @ts-expect-error misspelt field of a transport
  (ai: AiClient) => createChatTransport(ai, { modle: "a/b" }),
  // @ts-expect-error misspelt field of an adapter
  (ai: AiClient) => createChatModelAdapter(ai, { modle: "a/b" }),
  // @ts-expect-error misspelt field of a connection
  (ai: AiClient) => createChatConnection(ai, { temprature: 1 }),
  // @ts-expect-error a prompt or messages are required
  (ai: AiClient) => ai.chat({}),
  // @ts-expect-error a prompt or messages are required
  (ai: AiClient) => ai.stream({ model: "a/b" }),
  // @ts-expect-error prompt and messages exclude each other
  (ai: AiClient) => ai.chat({ prompt: "a", messages: [] }),
  // @ts-expect-error a prompt is text
  (ai: AiClient) => ai.chat({ prompt: 1 }),
  // @ts-expect-error misspelt field
  (ai: AiClient) => ai.chat({ promt: "a" }),
  // @ts-expect-error misspelt field beside a prompt
  (ai: AiClient) => ai.chat({ prompt: "a", temprature: 1 }),
  // @ts-expect-error misspelt field beside messages
  (ai: AiClient) => ai.stream({ messages: [], maxTokens: 1 }),
  // @ts-expect-error misspelt field of a message
  (ai: AiClient) => ai.chat({ messages: [{ role: "user", content: "a", nmae: "b" }] }),
  // @ts-expect-error unknown role
  (ai: AiClient) => ai.chat({ messages: [{ role: "nobody", content: "" }] }),
  // @ts-expect-error a user message has content
  (ai: AiClient) => ai.chat({ messages: [{ role: "user" }] }),
  // @ts-expect-error a tool message names its call
  (ai: AiClient) => ai.chat({ messages: [{ role: "tool", content: "a" }] }),
  // @ts-expect-error a function tool describes a function
  (): Tool => ({ type: "function" }),
  // @ts-expect-error misspelt field of another request
  (ai: AiClient) => ai.embeddings({ input: "a", modle: "b" }),
  // @ts-expect-error misspelt field of another request
  (ai: AiClient) => ai.generateImage({ prompt: "a", sise: "b" }),
  // @ts-expect-error streams have a method of their own
  (ai: AiClient) => ai.summarizeRecords({ table: "t", stream: true }),
  (ai: AiClient) =>
    // @ts-expect-error "in" takes a list
    ai.summarizeRecords({ table: "t", filters: [{ column: "a", op: "in", value: 1 }] }),
  // @ts-expect-error a question is about a table or a routine
  (ai: AiClient) => ai.ask({ question: "a" }),
  // @ts-expect-error a routine has its own conditions
  (ai: AiClient) => ai.ask({ question: "a", function: "match_a", filters: [] }),
  // @ts-expect-error responses are typed as well
  (ai: AiClient) => ai.embeddings({ input: "a" }).then(({ vectors }) => vectors),
];
