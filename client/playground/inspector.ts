/** The pane that shows what goes over the wire: the request as code, and the stream as it comes. */
import { type ApiRequest, type Form, shorten, toCode } from "./api_request.ts";
import { confirmCopy } from "./copying.ts";
import { createElement, createFrame, findElement } from "./element.ts";
import { createTabs } from "./tabs.ts";
import type { Watcher } from "./tapped_fetch.ts";

/** More of a stream than this nobody reads, and no browser shows gladly. */
const MAX_RAW_CHARS = 200_000;

/** Shows requests and streams. */
export interface Inspector {
  /** Shows what `list` gives, now and after every change of the page's fields. */
  inspect(list: () => ApiRequest[]): void;
  /** Shows the raw bytes of the answer that has begun last, and of no other. */
  watch: Watcher;
  /** Forgets all that was shown. */
  clear(): void;
}

/** Makes the pane work. */
export function createInspector(): Inspector {
  const details = findElement("request-details", HTMLDetailsElement);
  const choice = findElement("request-choice", HTMLSelectElement);
  const choiceField = findElement("request-choice-field");
  const code = findElement("code");
  const copy = findElement("copy-code", HTMLButtonElement);
  const raw = findElement("raw");
  const head = findElement("raw-head");
  const tabs = createTabs(findElement("code-tabs"), (id) => {
    findElement("code-panel").setAttribute("aria-labelledby", id);
    draw();
  });

  let list: () => ApiRequest[] = () => [];
  let requests: ApiRequest[] = [];
  let unseen = "";

  function toText(): string {
    const request = requests[Math.max(0, choice.selectedIndex)];
    return request ? toCode(request, tabs.chosen.slice("tab-".length) as Form) : "";
  }

  function show(): void {
    if (!details.open) return;
    requests = list();
    choiceField.hidden = requests.length < 2;
    const titles = requests.map(({ title }) => title);
    if (titles.join() !== [...choice.options].map(({ text }) => text).join()) {
      choice.replaceChildren(...titles.map((title) => createElement("option", {}, title)));
    }
    const text = shorten(toText());
    if (text !== code.textContent) code.textContent = text;
  }
  const draw = createFrame(show);

  const drawRaw = createFrame(() => {
    const isAtEnd = raw.scrollHeight - raw.scrollTop - raw.clientHeight < 40;
    raw.append(unseen);
    unseen = "";
    if (isAtEnd) raw.scrollTop = raw.scrollHeight;
  });

  tabs.choose("tab-curl");
  details.addEventListener("toggle", draw);
  const workbench = findElement("workbench");
  for (const type of ["input", "change"]) workbench.addEventListener(type, draw);
  copy.addEventListener("click", () => {
    show(); // the page may be resting
    void confirmCopy(copy, toText());
  });

  let answers = 0;
  return {
    inspect(given) {
      list = given;
      draw();
    },
    watch({ status, headers }) {
      const own = ++answers;
      let length = 0;
      unseen = "";
      raw.replaceChildren();
      const id = headers.get("X-Generation-Id") ?? headers.get("X-Request-Id");
      head.textContent = `${status} ${headers.get("Content-Type") ?? ""}${id ? ` · ${id}` : ""}`;
      return (text) => {
        if (own !== answers || length > MAX_RAW_CHARS) return;
        length += text.length;
        unseen += length > MAX_RAW_CHARS ? "\n… and more" : text;
        drawRaw();
      };
    },
    clear() {
      answers++;
      unseen = "";
      raw.replaceChildren();
      head.textContent = "";
      draw();
    },
  };
}
