/** One answer of a model, while it is written. */
import type { StreamPart, SummaryPart, TokenUsage } from "../mod.ts";
import { createCopyButton } from "./copying.ts";
import { createElement, createFrame } from "./element.ts";
import { showMarkdown, toLink } from "./markdown.ts";
import { addUsage, toCount, toDollars } from "./spending.ts";
import type { ToolCallPart } from "./tool_calls.ts";

/** An answer on the page, and its content so far. */
export interface Answer {
  element: HTMLElement;
  /** Holds what follows the text: tool calls, failures, notes. */
  tail: HTMLElement;
  readonly text: string;
  readonly reasoningDetails: unknown[];
  readonly calls: ToolCallPart[];
  readonly usage: TokenUsage | undefined;
  readonly model: string;
  /** Shows a part, except `error`. */
  show(part: StreamPart | SummaryPart): void;
  /** Adds a short note below the text. */
  note(text: string): void;
  /** Marks the answer as complete and offers to copy it. */
  end(): void;
}

const ENDINGS: Record<string, string> = {
  length: "The answer was cut at the output limit. Raise “Max tokens” and try again.",
  content_filter: "The provider’s content filter ended the answer.",
};

/** Creates an empty answer. `onDraw` is called after each frame in which it has grown. */
export function createAnswer(onDraw: () => void): Answer {
  const thoughts = createElement("p");
  const reasoning = createElement(
    "details",
    { class: "reasoning", hidden: true },
    createElement("summary", {}, "Reasoning"),
    thoughts,
  );
  const body = createElement("div", { class: "prose" });
  const pictures = createElement("div", { class: "pictures" });
  const sources = createElement("ol", { class: "sources", "aria-label": "Sources", hidden: true });
  const tail = createElement("div", { class: "tail" });
  const meta = createElement("p", { class: "meta" });
  const element = createElement(
    "div",
    { class: "answer", "aria-busy": "true" },
    reasoning,
    body,
    pictures,
    sources,
    tail,
    meta,
  );
  const reasoningDetails: unknown[] = [];
  const calls: ToolCallPart[] = [];
  let [text, thought, model] = ["", "", ""];
  let usage: TokenUsage | undefined;
  let hasEnded = false;

  const draw = createFrame(() => {
    showMarkdown(body, text);
    thoughts.textContent = thought;
    // Only after all of the text is shown.
    if (hasEnded) element.setAttribute("aria-busy", "false");
    onDraw();
  });

  function show(part: StreamPart | SummaryPart): void {
    switch (part.type) {
      case "text":
      case "refusal":
        text += part.text;
        break;
      case "reasoning":
        thought += part.text;
        reasoningDetails.push(...part.details ?? []);
        reasoning.hidden = thought === "";
        break;
      case "image":
        pictures.append(createPicture(part.url));
        break;
      case "annotation":
        sources.append(createElement("li", {}, toSourceNode(part.annotation)));
        sources.hidden = false;
        break;
      case "tool-call":
        calls.push(part);
        break;
      case "summary":
        usage = part.summary.usage;
        break;
      case "usage":
        usage = addUsage(part.usage, usage);
        break;
      case "finish":
        model = part.model;
        meta.textContent = toMeta(model, usage);
        note(ENDINGS[part.reason] ?? (isEmpty() ? "The model answered without text." : ""));
    }
    draw();
  }

  function isEmpty(): boolean {
    return !text && calls.length === 0 && !pictures.hasChildNodes();
  }

  function note(words: string): void {
    if (words) tail.append(createElement("p", { class: "note" }, words));
  }

  return {
    element,
    tail,
    reasoningDetails,
    calls,
    get text() {
      return text;
    },
    get usage() {
      return usage;
    },
    get model() {
      return model;
    },
    show,
    note,
    end() {
      hasEnded = true;
      if (text) meta.after(createCopyButton(() => text, "Copy answer"));
      draw();
    },
  };
}

/** Describes an answer in one line: model, tokens and cost. */
export function toMeta(model: string | null, usage: TokenUsage | undefined): string {
  const { prompt_tokens = 0, completion_tokens = 0, cost } = usage ?? {};
  return [
    model,
    usage && `${toCount(prompt_tokens)} tokens in, ${toCount(completion_tokens)} out`,
    cost !== undefined && cost !== null && toDollars(cost),
  ].filter(Boolean).join(" · ");
}

/** Tells whether a URL contains the image itself. In an `img`, not even an SVG runs scripts. */
export function isPicture(url = ""): boolean {
  return /^data:image\//.test(url);
}

/** Shows an image that came inside the answer; an image elsewhere becomes a link. */
export function createPicture(url: string, alt = "Image by the model"): HTMLElement {
  if (!isPicture(url)) return toLink(url, [`Image: ${url}`]);
  return createElement("img", { src: url, alt });
}

function toSourceNode(annotation: unknown): Node {
  const { url_citation, file } = Object(annotation);
  const { url, title } = Object(url_citation);
  if (!url) return document.createTextNode(String(file?.name ?? "A file"));
  return toLink(String(url), [String(title || url)]);
}
