/// <reference lib="dom" />
/**
 * A page with a chat, built with React and the AI SDK as published. The URL's fragment chooses the
 * hook: `#react` is `useAiChat`, anything else the AI SDK's `useChat`.
 */
import { useChat } from "@ai-sdk/react";
import { lastAssistantMessageIsCompleteWithToolCalls } from "ai";
// @ts-types="@types/react"
import { createElement, type ReactNode } from "react";
// @ts-types="@types/react-dom/client"
import { createRoot } from "react-dom/client";
import { createChatTransport } from "../../client/ai_sdk.ts";
import { createAiClient, type Tool } from "../../client/mod.ts";
import { useAiChat } from "../../client/react.ts";

const query = new URLSearchParams(location.search);
const ai = createAiClient({
  functionsUrl: query.get("functions")!,
  getAccessToken: () => query.get("token"),
});
const tools: Tool[] = [{ type: "function", function: { name: "weather" } }];
const request = JSON.parse(query.get("request") ?? "{}");
const transport = createChatTransport(ai, { tools, ...request });
const weather = { temperature: 21 };

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

function toText(part: object): string {
  const { text, url, input, output } = part as Record<string, unknown>;
  return String(text ?? url ?? (input ? JSON.stringify({ input, output }) : ""));
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
  createElement(location.hash === "#react" ? ReactChat : AiSdkChat),
);
