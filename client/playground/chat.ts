/** The chat: a conversation with any model, streamed. */
import type { ChatMessage, ChatRequest, ContentPart } from "../mod.ts";
import { type Answer, createAnswer } from "./answer.ts";
import { type ApiRequest, toClientCode } from "./api_request.ts";
import { createAttachments } from "./attachments.ts";
import { readChatOptions, startChatOptions } from "./chat_options.ts";
import { announce, createButton, createElement, findElement } from "./element.ts";
import { createFailure } from "./failure.ts";
import { createFollower } from "./following.ts";
import { createRunner } from "./runner.ts";
import {
  createCallForm,
  createCallPreviews,
  createCallWatcher,
  takeResults,
} from "./tool_calls.ts";
import type { Panel, Workbench } from "./workbench.ts";

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
  const region = findElement("conversation");
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

  let messages: ChatMessage[] = [];
  const runner = createRunner(stop, showRunning);
  let growing: Answer | undefined;
  /** The last request, until a field of the chat changes. */
  let sent: ApiRequest | undefined;
  const ai = workbench.createClient(createCallWatcher((calls) => {
    growing?.tail.replaceChildren(...createCallPreviews(calls));
    follow();
  }));

  /** Makes the inspector redraw after a change that is not a field's. */
  function touch(): void {
    form.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /** Reads the message that is not sent yet. */
  function readDraft(): ChatMessage[] {
    const text = prompt.value.trim();
    const parts: ContentPart[] = attachments.urls
      .map((url) => ({ type: "image_url", image_url: { url } }));
    if (parts.length === 0) return text ? [{ role: "user", content: text }] : [];
    if (text) parts.unshift({ type: "text", text });
    return [{ role: "user", content: parts }];
  }

  function toRequest(conversation: ChatMessage[]): ChatRequest {
    const { system, ...options } = readChatOptions();
    const first: ChatMessage[] = system ? [{ role: "system", content: system }] : [];
    return { ...options, messages: [...first, ...conversation] };
  }

  async function answer(signal: AbortSignal): Promise<void> {
    // A new chat must not receive the answer of an old one.
    const conversation = messages;
    const asked = [...conversation];
    const view = growing = createAnswer(follow);
    const turn = createElement("li", { class: "turn" }, view.element);
    const retry = () => {
      turn.remove();
      region.focus({ preventScroll: true });
      messages = asked;
      void runner.run(answer);
    };
    // An older retry would remove what was said since.
    turns.querySelectorAll(".retry, .failure button").forEach((button) => button.remove());
    turns.append(turn);
    announce("The answer is being written");
    sent = toApiRequest(functionsUrl, toRequest(asked));
    touch();
    follow(true);
    try {
      for await (const part of ai.stream(toRequest(asked), { signal })) {
        view.show(part);
        if (part.type === "error") throw part.error;
      }
      conversation.push(toMessage(view));
      announce(`Answer: ${view.text.slice(0, 600)}`);
      if (view.calls.length > 0) {
        view.tail.replaceChildren(createCallForm(view.calls, () => {
          messages.push(...takeResults(turns));
          void runner.run(answer);
        }));
      }
      view.element.append(createButton("quiet retry", retry, "Retry"));
    } catch (error) {
      if (view.text) conversation.push({ role: "assistant", content: view.text });
      if (!signal.aborted) return view.tail.append(createFailure(error, retry));
      view.note("Stopped.");
      announce("Stopped");
      view.element.append(createButton("quiet retry", retry, "Retry"));
    } finally {
      view.end();
      if (view.usage) spending.add(view.model, view.usage);
      touch();
    }
  }

  function showRunning(isRunning: boolean): void {
    // The focus must not be lost with a button that disappears.
    const [gone, next] = isRunning ? [send, region] : [stop, prompt];
    if (document.activeElement === gone) next.focus({ preventScroll: true });
    send.hidden = isRunning;
  }

  function submit(): void {
    const draft = readDraft();
    if (send.hidden || draft.length === 0) return;
    // A model does not continue before its tool calls have results.
    messages.push(...takeResults(turns), ...draft);
    blank.hidden = true;
    turns.append(createElement("li", { class: "turn mine" }, ...draft.flatMap(toQuestion)));
    prompt.value = "";
    fit();
    attachments.clear();
    void runner.run(answer);
  }

  /** Makes the field as high as its text, within the limits of the styles. */
  function fit(): void {
    prompt.style.setProperty("height", "auto");
    prompt.style.setProperty("height", `${prompt.scrollHeight + 2}px`);
  }

  function clear(): void {
    runner.stop();
    sent = undefined;
    messages = [];
    turns.replaceChildren();
    blank.hidden = false;
    attachments.clear();
    prompt.value = "";
    fit();
    touch();
  }

  startChatOptions(workbench);
  findElement("suggestions").append(...SUGGESTIONS.map((text) =>
    createButton("plain", () => {
      prompt.value = text;
      submit();
    }, text)
  ));
  // The conversation scrolls on wide screens, the page on narrow ones.
  const head = findElement("chat-head");
  document.addEventListener("scroll", () => {
    head.classList.toggle("scrolled", region.scrollTop > 0 || scrollY > 0);
  }, { capture: true, passive: true });
  findElement("chat").addEventListener("input", () => sent = undefined);
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
  findElement("new-chat").addEventListener("click", () => {
    clear();
    prompt.focus();
  });

  return {
    requests: () => [
      sent ?? toApiRequest(functionsUrl, toRequest([...messages, ...readDraft()])),
    ],
    stop: runner.stop,
    clear,
  };
}

function toMessage({ text, calls, reasoningDetails }: Answer): ChatMessage {
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

function toQuestion({ content }: ChatMessage): HTMLElement[] {
  if (!Array.isArray(content)) return [createElement("p", {}, String(content ?? ""))];
  return content.map((part: ContentPart) =>
    part.type === "image_url"
      ? createElement("img", { src: part.image_url.url, alt: "Your image" })
      : createElement("p", {}, part.type === "text" ? part.text : "")
  );
}

function toApiRequest(functionsUrl: string, request: ChatRequest): ApiRequest {
  const body = request.messages!.length > 0
    ? request
    : { ...request, messages: [{ role: "user", content: "…" }] };
  return {
    title: "Chat",
    url: `${functionsUrl}/stream`,
    body,
    client: toClientCode(
      functionsUrl,
      `for await (const part of ai.stream(${JSON.stringify(body, null, 2)})) {`,
      '  if (part.type === "text") output.textContent += part.text;',
      '  if (part.type === "error") throw part.error;',
      "}",
    ),
  };
}
