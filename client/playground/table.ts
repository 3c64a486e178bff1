/** Tables of plain values. */
import { type Child, createElement } from "./element.ts";

const NUMBER = /^<?\$?[\d,.]+$/;

/** Creates a table with a caption. It scrolls when it is wider than its container. */
export function createTable(caption: string, head: string[], rows: Child[][]): HTMLElement {
  // Numbers and the head of their column are aligned at the right.
  const align = (column: number) => NUMBER.test(String(rows[0]?.[column] ?? "")) && "right";
  const toRow = (row: Child[]) =>
    createElement(
      "tr",
      {},
      ...row.map((value, column) =>
        createElement("td", { class: align(column), "data-label": head[column] }, value)
      ),
    );
  const names = head.map((name, column) =>
    createElement("th", { scope: "col", class: align(column) }, name)
  );
  return createElement(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    createElement(
      "table",
      {},
      createElement("caption", {}, caption),
      createElement("thead", {}, createElement("tr", {}, ...names)),
      createElement("tbody", {}, ...rows.map(toRow)),
    ),
  );
}
