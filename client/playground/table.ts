/** Tables of plain values. */
import { type Child, createElement } from "./element.ts";

/** Creates a table with a caption, which scrolls where it is wider than its place. */
export function createTable(caption: string, head: string[], rows: Child[][]): HTMLElement {
  const toRow = (row: Child[]) =>
    createElement("tr", {}, ...row.map((value) => createElement("td", {}, value)));
  return createElement(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    createElement(
      "table",
      {},
      createElement("caption", {}, caption),
      createElement(
        "thead",
        {},
        createElement(
          "tr",
          {},
          ...head.map((name) => createElement("th", { scope: "col" }, name)),
        ),
      ),
      createElement("tbody", {}, ...rows.map(toRow)),
    ),
  );
}
