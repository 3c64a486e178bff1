/** The chat: a conversation with any model, streamed. */
import type { ChatRequest } from "../mod.ts";
import { type Answer, createAnswer } from "./answer.ts";
import { type ApiRequest, toClientCode } from "./api_request.ts";
import { createAttachments } from "./attachments.ts";
import { readChatOptions, startChatOptions } from "./chat_options.ts";
import { announce, createElement, findElement } from "./element.ts";
import { createFailure } from "./failure.ts";
import { createFollower } from "./following.ts";
import { createCallForm, createCallPreviews, createCallWatcher } from "./tool_calls.ts";
import type { ToolResult } from "./tool_calls.ts";
import type { Panel, Workbench } from "./workbench.ts";

type Message = NonNullable<ChatRequest["messages"]>[number];

const SUGGESTIONS = [
  "Explain row-level security to a product manager",
  "Compare three ways to store embeddings, as a table",
  "Write a TypeScript function that debounces, with a test",
];

/** Makes the chat work. */
export function createChat(workbench: Workbench): Panel {
  const { functionsUrl, spending } = workbench;
  const form = findElement("composer", HTMLFormElement);
  const prompt = findElement("prompt", HTMLTextAreaElement);
  const turns = findElement("turns");
  const blank = findElement("chat-blank");
  const [send, stop] = [findElement("send"), findElement("stop")];
  const follow = createFollower(findElement("conversation-end"), form);
  const refusal = createElement("p", { class: "note", role: "alert" });
  form.prepend(refusal);
  const attachments = createAttachments({
    list: findElement("attachments"),
    button: findElement("attach", HTMLInputElement),
    area: findElement("chat"),
    refuse: (reason) => refusal.textContent = reason,
    onChange: touch,
  });

  let messages: Message[] = [];
  let running: AbortController | undefined;
  let growing: Answer | undefined;
  const ai = workbench.createClient(createCallWatcher((calls) => {
    growing?.tail.replaceChildren(...createCallPreviews(calls));
    follow();
  }));

  /** Lets the inspector see a change that no field has told of. */
  function touch(): void {
    form.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /** What has been written but not sent. */
  function readDraft(): Message[] {
    const text = prompt.value.trim();
    const images = attachments.urls.map((url) => ({ type: "image_url", image_url: { url } }));
    if (images.length === 0) return text ? [{ role: "user", content: text }] : [];
    const parts = text ? [{ type: "text", text }, ...images] : images;
    return [{ role: "user", content: parts }];
  }

  function toRequest(conversation: Message[]): ChatRequest {
    const { system, ...options } = readChatOptions();
    const first: Message[] = system ? [{ role: "system", content: system }] : [];
    return { ...options, messages: [...first, ...conversation] };
  }

  async function answer(): Promise<void> {
    const start = messages.length;
    const view = createAnswer(follow);
    const turn = createElement("li", { class: "turn theirs" }, view.element);
    turns.append(turn);
    growing = view;
    const retry = () => {
      turn.remove();
      messages = messages.slice(0, start);
      void answer();
    };
    turns.querySelectorAll(".retry").forEach((button) => button.remove());
    setRunning(new AbortController());
    announce("The answer is being written");
    follow(true);
    try {
      for await (const part of ai.stream(toRequest(messages), { signal: running!.signal })) {
        view.show(part);
        if (part.type === "error") throw part.error;
      }
      messages.push(toMessage(view));
      announce(`Answer: ${view.text.slice(0, 600)}`);
    } catch (error) {
      if (running?.signal.aborted) view.note("Stopped.");
      else view.tail.append(createFailure(error, retry));
      if (view.text) messages.push({ role: "assistant", content: view.text });
      if (running?.signal.aborted) announce("Stopped");
    } finally {
      growing = undefined;
      view.end();
      setRunning(undefined);
    }
    finish(view, retry);
  }

  function finish(view: Answer, retry: () => void): void {
    if (view.usage) spending.add(view.model, view.usage);
    if (view.calls.length > 0) {
      const results = createCallForm(view.calls, (results) => goOn(results));
      view.tail.replaceChildren(results);
    }
    if (!view.tail.querySelector(".failure")) {
      view.element.append(
        createElement("button", { type: "button", class: "quiet retry", click: retry }, "Retry"),
      );
    }
    follow();
    touch();
  }

  function goOn(results: ToolResult[]): void {
    for (const { id, content } of results) {
      messages.push({ role: "tool", tool_call_id: id, content });
    }
    void answer();
  }

  function setRunning(controller: AbortController | undefined): void {
    running = controller;
    // The focus must not fall out of a button that disappears.
    if (!controller && document.activeElement === stop) prompt.focus();
    stop.hidden = !controller;
    send.hidden = !!controller;
  }

  function submit(): void {
    const draft = readDraft();
    if (running || draft.length === 0) return;
    messages.push(...draft);
    blank.hidden = true;
    turns.append(createElement("li", { class: "turn mine" }, ...toQuestion(draft[0])));
    prompt.value = "";
    fit();
    attachments.clear();
    void answer();
  }

  /** As high as its text, within what the styles allow. */
  function fit(): void {
    prompt.style.setProperty("height", "auto");
    prompt.style.setProperty("height", `${prompt.scrollHeight + 2}px`);
  }

  function clear(): void {
    running?.abort();
    messages = [];
    turns.replaceChildren();
    blank.hidden = false;
    attachments.clear();
    prompt.value = "";
    fit();
    refusal.textContent = "";
    touch();
  }

  startChatOptions(workbench);
  findElement("suggestions").append(...SUGGESTIONS.map((text) =>
    createElement("button", {
      type: "button",
      class: "plain",
      click: () => {
        prompt.value = text;
        submit();
      },
    }, text)
  ));
  prompt.addEventListener("input", fit);
  prompt.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  stop.addEventListener("click", () => running?.abort());
  findElement("new-chat").addEventListener("click", () => {
    clear();
    prompt.focus();
  });

  return {
    requests: () => [toApiRequest(functionsUrl, toRequest([...messages, ...readDraft()]))],
    show: () => prompt.focus({ preventScroll: true }),
    stop() {
      running?.abort();
      return running !== undefined;
    },
    clear,
  };
}

function toMessage({ text, calls, reasoningDetails }: Answer): Message {
  if (calls.length === 0) return { role: "assistant", content: text };
  return {
    role: "assistant",
    content: text || null,
    tool_calls: calls.map(({ id, name, arguments: written }) => ({
      id,
      type: "function",
      function: { name, arguments: written },
    })),
    ...reasoningDetails.length > 0 && { reasoning_details: reasoningDetails },
  };
}

function toQuestion({ content }: Message): HTMLElement[] {
  const parts = typeof content === "string" ? [{ type: "text", text: content }] : content ?? [];
  return parts.map(({ text, image_url }) =>
    image_url
      ? createElement("img", { src: image_url.url, alt: "Image of yours" })
      : createElement("p", {}, text ?? "")
  );
}

function toApiRequest(functionsUrl: string, request: ChatRequest): ApiRequest {
  const body = request.messages!.length > 0
    ? request
    : { ...request, messages: [{ role: "user", content: "…" }] };
  const call = `for await (const part of ai.stream(${JSON.stringify(body, null, 2)})) {
  if (part.type === "text") output.textContent += part.text;
  if (part.type === "error") throw part.error;
}`;
  return {
    title: "Answer",
    url: `${functionsUrl}/stream`,
    body,
    client: toClientCode(functionsUrl, call),
  };
}
