/// <reference lib="dom" />
/**
 * A page with a chat, built with React and the chat UIs' packages as published. The URL's fragment
 * chooses the UI: `#react` is `useAiChat`, `#assistant-ui` and `#tanstack` are those, and anything
 * else is the AI SDK's `useChat`.
 */
import { useChat } from "@ai-sdk/react";
import {
  AssistantRuntimeProvider,
  useAssistantTool,
  useAui,
  useAuiState,
  useLocalRuntime,
} from "@assistant-ui/react";
import { toolDefinition } from "@tanstack/ai/client";
import { useChat as useTanStackChat } from "@tanstack/ai-react";
import { lastAssistantMessageIsCompleteWithToolCalls } from "ai";
// @ts-types="@types/react"
import { createElement, type ReactNode, useState } from "react";
// @ts-types="@types/react-dom/client"
import { createRoot } from "react-dom/client";
import { createChatTransport } from "../../client/ai_sdk.ts";
import { createChatModelAdapter } from "../../client/assistant_ui.ts";
import { createAiClient, type Tool } from "../../client/mod.ts";
import { useAiChat } from "../../client/react.ts";
import { createChatConnection } from "../../client/tanstack.ts";

const query = new URLSearchParams(location.search);
const ai = createAiClient({
  functionsUrl: query.get("functions")!,
  getAccessToken: () => query.get("token"),
});
const tools: Tool[] = [{ type: "function", function: { name: "weather" } }];
const request = JSON.parse(query.get("request") ?? "{}");
const transport = createChatTransport(ai, { tools, ...request });
const weather = { temperature: 21 };
const parameters = { type: "object" as const, properties: { city: { type: "string" as const } } };

function AiSdkChat(): ReactNode {
  const { messages, sendMessage, stop, status, error, addToolOutput } = useChat({
    transport,
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithToolCalls,
    onToolCall({ toolCall }) {
      void addToolOutput({
        tool: toolCall.toolName as never,
        toolCallId: toolCall.toolCallId,
        output: weather as never,
      });
    },
  });
  return toPage({
    status: status === "ready" || status === "error" ? "idle" : "streaming",
    error: error?.message,
    send: (text) => void sendMessage({ text }),
    stop,
    lines: messages.flatMap(({ role, parts, metadata }) => [
      ...parts.map((part) => `${role} ${part.type} ${toText(part)}`),
      ...metadata ? [`metadata ${JSON.stringify(metadata)}`] : [],
    ]),
  });
}

function ReactChat(): ReactNode {
  const { messages, isStreaming, error, send, stop } = useAiChat(ai, {
    request: { tools, ...request },
    onToolCall: () => weather,
  });
  return toPage({
    status: isStreaming ? "streaming" : "idle",
    error: error?.message,
    send: (text) => void send(text),
    stop,
    lines: messages.flatMap(({ role, text, reasoning, toolCalls, images, annotations, usage }) => [
      ...reasoning ? [`${role} reasoning ${reasoning}`] : [],
      ...text ? [`${role} text ${text}`] : [],
      ...images.map((url) => `${role} file ${url}`),
      ...annotations.map((annotation) => `${role} source ${JSON.stringify(annotation)}`),
      ...toolCalls.map(({ name, arguments: text }) => `${role} tool-${name} ${text}`),
      ...usage ? [`metadata ${JSON.stringify({ usage })}`] : [],
    ]),
  });
}

const adapter = createChatModelAdapter(ai, request);

function AssistantUiChat(): ReactNode {
  const runtime = useLocalRuntime(adapter);
  return createElement(AssistantRuntimeProvider, { runtime }, createElement(AssistantUiThread));
}

function AssistantUiThread(): ReactNode {
  useAssistantTool({
    toolName: "weather",
    type: "frontend",
    parameters,
    execute: () => Promise.resolve(weather),
  });
  const aui = useAui();
  const { messages, isRunning } = useAuiState(({ thread }) => thread);
  const last = messages.at(-1)?.status;
  return toPage({
    status: isRunning ? "streaming" : "idle",
    error: last?.type === "incomplete" ? Object(last.error).message : undefined,
    send: (text) => aui.thread().append(text),
    stop: () => aui.thread().cancelRun(),
    lines: messages.flatMap(({ role, content, metadata }) => [
      ...content.map((part) => `${role} ${toName(part)} ${toText(part)}`),
      ...metadata.custom.usage ? [`metadata ${JSON.stringify(metadata.custom)}`] : [],
    ]),
  });
}

/** The AI SDK's names of assistant-ui's parts. */
function toName({ type, ...part }: { type: string; toolName?: string }): string {
  return type === "tool-call" ? `tool-${part.toolName}` : type === "image" ? "file" : type;
}

const connection = createChatConnection(ai, request);
const weatherTool = toolDefinition({
  name: "weather",
  description: "The weather in a city",
  inputSchema: parameters,
}).client(() => weather);

function TanStackChat(): ReactNode {
  const [events, setEvents] = useState<string[]>([]);
  const { messages, sendMessage, stop, isLoading, error } = useTanStackChat({
    connection,
    tools: [weatherTool],
    onCustomEvent: (name, value) =>
      setEvents((all) => [...all, `assistant ${name} ${toText(Object(value))}`]),
    onChunk: (chunk) => {
      if (chunk.type !== "RUN_FINISHED" || !chunk.usage) return;
      setEvents((all) => [...all, `metadata ${JSON.stringify(chunk.usage)}`]);
    },
  });
  return toPage({
    status: isLoading ? "streaming" : "idle",
    error: error?.message,
    send: (text) => void sendMessage(text),
    stop,
    lines: [
      ...messages.flatMap(({ role, parts }) =>
        parts.map((part) => {
          const name = part.type === "tool-call"
            ? `tool-${part.name}`
            : part.type.replace("thinking", "reasoning");
          return `${role} ${name} ${toText(part)}`;
        })
      ),
      ...events,
    ],
  });
}

const CHATS: Record<string, () => ReactNode> = {
  "#react": ReactChat,
  "#assistant-ui": AssistantUiChat,
  "#tanstack": TanStackChat,
};

function toText(part: object): string {
  const { text, content, url, image, input, args, output, result } = part as Record<
    string,
    unknown
  >;
  const called = input ?? args;
  return String(
    text ?? content ?? url ?? image ??
      (called ? JSON.stringify({ input: called, output: output ?? result }) : ""),
  );
}

interface ChatPage {
  status: string;
  error: string | undefined;
  lines: string[];
  send(text: string): void;
  stop(): void;
}

function toPage({ status, error, lines, send, stop }: ChatPage): ReactNode {
  return createElement(
    "main",
    { "data-status": status },
    ...lines.map((line, index) => createElement("p", { key: index }, line)),
    error && createElement("p", { role: "alert" }, error),
    createElement("button", { onClick: () => send("What is the weather in Rome?") }, "Send"),
    createElement("button", { onClick: stop }, "Stop"),
  );
}

createRoot(document.getElementById("root")!).render(
  createElement(CHATS[location.hash] ?? AiSdkChat),
);
