/** Highlights code: each token becomes an element with a class for its kind. */
import { type ShjLanguageData, tokenizeWith } from "@speed-highlight/core/tokenize";
import js from "@speed-highlight/core/languages/js.js";
import json from "@speed-highlight/core/languages/json.js";
import { createElement } from "./element.ts";

/** JavaScript's rules also suit `curl`: strings, numbers and the JSON between the quotes. */
const LANGUAGES: Record<string, ShjLanguageData> = {
  js,
  json,
  curl: js,
  fetch: js,
  client: js,
  javascript: js,
  ts: js,
  typescript: js,
};

/**
 * Creates the nodes of highlighted code. Their text is the code, unchanged.
 *
 * @param language such as `ts`; code of an unknown language stays one text.
 */
export function highlight(code: string, language: string): Node[] {
  const rules = Object.hasOwn(LANGUAGES, language) ? LANGUAGES[language] : undefined;
  if (!rules) return [document.createTextNode(code)];
  const nodes: Node[] = [];
  tokenizeWith(code, rules, (text, kind) => {
    if (text) nodes.push(kind ? createElement("span", { class: kind }, text) : new Text(text));
  }, { languages: { js } });
  return nodes;
}
