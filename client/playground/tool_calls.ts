/** Tool calls of a model, while it writes them, and the results that the user enters. */
import type { StreamPart } from "../mod.ts";
import { WEATHER_RESULT } from "./demo_tool.ts";
import { createElement } from "./element.ts";
import type { Watcher } from "./tapped_fetch.ts";

/** A complete tool call. */
export type ToolCallPart = Extract<StreamPart, { type: "tool-call" }>;

/**
 * Watches a raw stream for arguments that are still being written, because the client yields only
 * complete calls.
 *
 * @param onGrow is called with the name and the arguments so far of each call, in order.
 */
export function createCallWatcher(onGrow: (calls: [string, string][]) => void): Watcher {
  return () => {
    const calls: [string, string][] = [];
    let line = "";

    function add(event: string): void {
      for (const piece of JSON.parse(event).choices[0].delta.tool_calls) {
        const call = calls[piece.index ?? 0] ??= ["", ""];
        call[0] ||= piece.function?.name ?? "";
        call[1] += piece.function?.arguments ?? "";
      }
      onGrow(calls.filter(Boolean));
    }

    return (text) => {
      const lines = (line + text).split("\n");
      line = lines.pop()!;
      for (const whole of lines.filter((one) => one.includes('"tool_calls":['))) {
        try {
          add(whole.slice("data: ".length));
        } catch {
          // The client reports invalid streams.
        }
      }
    };
  };
}

/** Shows calls that are not complete yet. */
export function createCallPreviews(calls: [string, string][]): HTMLElement[] {
  return calls.map(([name, written]) => createCard(name, written));
}

/** Shows complete calls with a field for each result, and one button to send them. */
export function createCallForm(calls: ToolCallPart[], onAnswer: () => void): HTMLElement {
  const cards = calls.map(({ id, name, arguments: written }) => {
    const card = createCard(name, toReadable(written));
    const field = createElement(
      "textarea",
      { rows: 2, spellcheck: "false", "aria-label": `Result of ${name}`, "data-id": id },
      WEATHER_RESULT,
    );
    card.append(createElement("label", {}, "Result", field));
    return card;
  });
  const button = createElement("button", { type: "submit" }, "Send the result");
  const submit = (event: Event) => {
    event.preventDefault();
    onAnswer();
  };
  return createElement("form", { class: "calls", submit }, ...cards, button);
}

/** Returns the results of open calls as messages, and closes their fields. */
export function takeResults(turns: HTMLElement) {
  const fields = [...turns.querySelectorAll<HTMLTextAreaElement>(".calls :read-write")];
  turns.querySelector(".calls button")?.remove();
  return fields.map((field) => {
    field.readOnly = true;
    return { role: "tool" as const, tool_call_id: field.dataset.id ?? "", content: field.value };
  });
}

function createCard(name: string, written: string): HTMLElement {
  return createElement(
    "div",
    { class: "call" },
    createElement("p", {}, "The model calls ", createElement("code", {}, name)),
    createElement("pre", { tabindex: 0, "aria-label": `Arguments of ${name}` }, written),
  );
}

function toReadable(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
