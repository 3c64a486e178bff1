/** One answer of a model, as it is written. */
import type { StreamPart, SummaryPart, TokenUsage } from "../mod.ts";
import { createElement, createFrame } from "./element.ts";
import { showMarkdown, toLink } from "./markdown.ts";
import { addUsage, toCount, toDollars } from "./spending.ts";
import type { ToolCallPart } from "./tool_calls.ts";

/** An answer on the page, and what it has said so far. */
export interface Answer {
  element: HTMLElement;
  /** For what comes after the text: calls of tools, failures, buttons. */
  tail: HTMLElement;
  readonly text: string;
  readonly reasoningDetails: unknown[];
  readonly calls: ToolCallPart[];
  readonly usage: TokenUsage | undefined;
  readonly model: string;
  /** Shows a part; `error` is for the caller to show. */
  show(part: StreamPart | SummaryPart): void;
  /** Says in a few words how it ended, where that is not as hoped. */
  note(text: string): void;
  /** Nothing more comes. */
  end(): void;
}

const ENDINGS: Record<string, string> = {
  length: "Cut short: the limit of tokens was reached. Raise “Max tokens” and try again.",
  content_filter: "Ended by the provider’s content filter.",
};

/** Creates an empty answer. @param onDraw is called after each frame in which it has grown. */
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
    // Not before all of it stands there.
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
        sources.append(createElement("li", {}, toSource(part.annotation)));
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
      draw();
    },
  };
}

/** One line about an answer: who wrote it and what it cost. */
export function toMeta(model: string | null, usage: TokenUsage | undefined): string {
  const { prompt_tokens = 0, completion_tokens = 0, cost } = usage ?? {};
  return [
    model,
    usage && `${toCount(prompt_tokens)} tokens in, ${toCount(completion_tokens)} out`,
    cost !== undefined && cost !== null && toDollars(cost),
  ].filter(Boolean).join(" · ");
}

/** Whether an address holds the picture itself; inside an `img` not even an SVG runs anything. */
export function isPicture(url = ""): boolean {
  return /^data:image\//.test(url);
}

/** A picture that came inside the answer; one behind an address stays a link. */
export function createPicture(url: string, alt = "Image of the model"): HTMLElement {
  if (!isPicture(url)) return toLink(url, [`Image: ${url}`]);
  return createElement("img", { src: url, alt });
}

function toSource(annotation: unknown): Node {
  const { url_citation, file } = Object(annotation);
  const { url, title } = Object(url_citation);
  if (!url) return document.createTextNode(String(file?.name ?? "A file"));
  return toLink(String(url), [String(title || url)]);
}
