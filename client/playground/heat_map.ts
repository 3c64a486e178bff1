/** A table of how similar texts are, as numbers with a background colour. */
import { createElement } from "./element.ts";

/** Creates the table. The colours only repeat the numbers. */
export function createHeatMap(texts: string[], vectors: number[][]): HTMLElement {
  const numbers = texts.map((_, index) => createElement("th", { scope: "col" }, String(index + 1)));
  const rows = texts.map((text, row) =>
    createElement(
      "tr",
      {},
      createElement("th", { scope: "row" }, `${row + 1} `, createElement("span", {}, text)),
      ...vectors.map((vector, column) =>
        toNumberCell(toCosine(vectors[row] ?? [], vector), row === column)
      ),
    )
  );
  return createElement(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "Similarity" },
    createElement(
      "table",
      { class: "heat" },
      createElement("caption", {}, "Cosine similarity: 1 means the same, 0 nothing in common"),
      createElement(
        "thead",
        {},
        createElement("tr", {}, createElement("th", { scope: "col" }, "Line"), ...numbers),
      ),
      createElement("tbody", {}, ...rows),
    ),
  );
}

function toNumberCell(cosine: number, isItself: boolean): HTMLElement {
  const cell = createElement("td", { class: isItself && "itself" }, cosine.toFixed(2));
  cell.style.setProperty("--heat", `${Math.round(Math.max(0, Math.min(1, cosine)) * 100)}%`);
  return cell;
}

/** The cosine of the angle between two vectors. */
function toCosine(one: number[], other: number[]): number {
  let [product, ones, others] = [0, 0, 0];
  for (const [index, value] of one.entries()) {
    const opposite = other[index] ?? 0;
    product += value * opposite;
    ones += value * value;
    others += opposite * opposite;
  }
  return product / Math.sqrt(ones * others) || 0;
}
