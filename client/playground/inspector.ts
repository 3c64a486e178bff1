/** The pane that shows the traffic: the request as code, and the response as it arrives. */
import { type ApiRequest, type Form, shorten, toCode } from "./api_request.ts";
import { confirmCopy } from "./copying.ts";
import { createElement, createFrame, findElement } from "./element.ts";
import { highlight } from "./highlight.ts";
import { createTabs } from "./tabs.ts";
import type { Watcher } from "./tapped_fetch.ts";

/** More of a stream would make the browser slow. */
const MAX_RAW_CHARS = 200_000;

/** Shows requests and streams. */
export interface Inspector {
  /** Shows the requests that `list` returns, now and after every change of a field. */
  inspect(list: () => ApiRequest[]): void;
  /** Shows the raw bytes of the newest response only. */
  watch: Watcher;
  /** Forgets everything. */
  clear(): void;
}

/** Makes the pane work. */
export function createInspector(): Inspector {
  const details = findElement("request-details", HTMLDetailsElement);
  const choice = findElement("request-choice", HTMLSelectElement);
  const choiceField = findElement("request-choice-field");
  const code = findElement("code");
  const copy = findElement("copy-code", HTMLButtonElement);
  const state = findElement("request-state");
  const raw = findElement("raw");
  const head = findElement("raw-head");
  const tabs = createTabs(findElement("code-tabs"), (id) => {
    findElement("code-panel").setAttribute("aria-labelledby", id);
    draw();
  });

  let list: () => ApiRequest[] = () => [];
  let requests: ApiRequest[] = [];
  let unseen = "";
  /** The newest body that was sent, by URL. */
  const sent = new Map<string, string | undefined>();

  function readForm(): Form {
    return tabs.chosen.slice("tab-".length) as Form;
  }

  function readRequest(): ApiRequest | undefined {
    return requests[Math.max(0, choice.selectedIndex)];
  }

  function readCode(): string {
    const request = readRequest();
    return request ? toCode(request, readForm()) : "";
  }

  function show(): void {
    if (!details.open) return;
    requests = list();
    choiceField.hidden = requests.length < 2;
    const titles = requests.map(({ title }) => title);
    if (titles.join() !== [...choice.options].map(({ text }) => text).join()) {
      choice.replaceChildren(...titles.map((title) => createElement("option", {}, title)));
    }
    const { url = "", body } = readRequest() ?? {};
    const isSent = sent.has(url) && sent.get(url) === JSON.stringify(body);
    state.textContent = isSent ? "sent" : "not sent yet";
    const text = shorten(readCode());
    if (text !== code.textContent) code.replaceChildren(...highlight(text, readForm()));
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
    show(); // drawing may have been postponed
    void confirmCopy(copy, readCode());
  });

  let responses = 0;
  return {
    inspect(given) {
      list = given;
      draw();
    },
    watch({ status, headers }, { url, body }) {
      const own = ++responses;
      sent.set(url, body);
      draw();
      let length = 0;
      unseen = "";
      raw.replaceChildren();
      const id = headers.get("X-Generation-Id") ?? headers.get("X-Request-Id");
      head.textContent = `${status} ${headers.get("Content-Type") ?? ""}${id ? ` · ${id}` : ""}`;
      return (text) => {
        if (own !== responses || length > MAX_RAW_CHARS) return;
        length += text.length;
        unseen += length > MAX_RAW_CHARS ? "\n… and more" : text;
        drawRaw();
      };
    },
    clear() {
      responses++;
      unseen = "";
      sent.clear();
      raw.replaceChildren();
      head.textContent = "";
      draw();
    },
  };
}
