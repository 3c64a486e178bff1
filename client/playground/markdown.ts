/**
 * Shows Markdown as elements. Text of a model is never parsed as HTML: marked only splits it into
 * tokens, and this module creates an element for each. Tags, handlers and styles stay plain text.
 */
import { marked, type MarkedToken, type Token, type Tokens, type TokensList } from "marked";
import { createCopyButton } from "./copying.ts";
import { type Child, createElement } from "./element.ts";
import { highlight } from "./highlight.ts";

const LINKS = /^(https?|mailto):$/;
const IMAGES = /^data:image\/(png|jpeg|gif|webp);base64,/;

/** The blocks that each element shows. */
const shown = new WeakMap<Element, string[]>();

/**
 * Shows a text in `target`. A second call changes only the blocks that differ, so a selection
 * survives and a growing answer costs no more than its last paragraph.
 */
export function showMarkdown(target: Element, text: string): void {
  const tokens = tokenize(text);
  // A link's URL may be defined later in the text, and be incomplete until then.
  const definitions = JSON.stringify((tokens as TokensList).links);
  const blocks = tokens.filter(({ type }) => type !== "space" && type !== "def");
  const keys = [definitions, ...blocks.map(({ type, raw }) => `${type} ${raw}`)];
  const before = shown.get(target) ?? [];
  const same = keys.findIndex((key, index) => key !== before[index]);
  const kept = same < 0 ? blocks.length : Math.max(0, same - 1);
  while (target.childNodes.length > kept) target.lastChild!.remove();
  for (const block of blocks.slice(kept)) target.append(toBlock(block));
  shown.set(target, keys);
}

/** Text that is nested too deeply to be parsed or shown stays as it is. */
function tokenize(text: string): Token[] {
  try {
    return marked.lexer(text);
  } catch {
    return [{ type: "html", raw: text, text, block: true } as Tokens.HTML];
  }
}

function toBlock(token: Token): Node {
  try {
    return toNode(token);
  } catch {
    return createElement("p", { class: "tags" }, token.raw);
  }
}

function toNodes(tokens: Token[] | undefined, fallback = ""): Node[] {
  return tokens ? tokens.map(toNode) : [document.createTextNode(decode(fallback))];
}

function toNode(token: Token): Node {
  const known = token as MarkedToken;
  switch (known.type) {
    case "heading": {
      // The page's own headings are on higher levels.
      const level = Math.min(known.depth + 2, 6) as 3 | 4 | 5 | 6;
      return createElement(`h${level}`, {}, ...toNodes(known.tokens));
    }
    case "paragraph":
      return createElement("p", {}, ...toNodes(known.tokens));
    case "blockquote":
      return createElement("blockquote", {}, ...toNodes(known.tokens));
    case "list":
      return known.ordered
        ? createElement("ol", { start: Number(known.start) }, ...known.items.map(toNode))
        : createElement("ul", {}, ...known.items.map(toNode));
    case "list_item":
      return createElement("li", { class: known.task && "task" }, ...toNodes(known.tokens));
    case "checkbox":
      return document.createTextNode(known.checked ? "☑ " : "☐ ");
    case "code":
      return toCodeBlock(known);
    case "table":
      return toTableNode(known);
    case "hr":
      return createElement("hr");
    case "br":
      return createElement("br");
    case "strong":
      return createElement("strong", {}, ...toNodes(known.tokens));
    case "em":
      return createElement("em", {}, ...toNodes(known.tokens));
    case "del":
      return createElement("del", {}, ...toNodes(known.tokens));
    case "codespan":
      return createElement("code", {}, known.text);
    case "link":
      return toLink(known.href, toNodes(known.tokens, known.text));
    case "image":
      return toImage(known);
    case "escape":
      return document.createTextNode(known.text);
    case "html":
      return toHtml(known);
    case "text":
      return toTextNode(known);
    default:
      return document.createTextNode(token.raw);
  }
}

function toTextNode(token: Tokens.Text | Tokens.Tag): Node {
  const nodes = toNodes("tokens" in token ? token.tokens : undefined, token.text);
  const fragment = document.createDocumentFragment();
  fragment.append(...nodes);
  return fragment;
}

/** Tags stay visible as text, so nothing seems to be missing. Only line breaks work. */
function toHtml({ raw, block }: Tokens.HTML | Tokens.Tag): Node {
  if (/^<br\s*\/?>$/i.test(raw)) return createElement("br");
  return block ? createElement("p", { class: "tags" }, raw) : document.createTextNode(raw);
}

function toCodeBlock({ text, lang }: Tokens.Code): Node {
  const language = lang?.split(/\s/)[0] ?? "";
  return createElement(
    "div",
    { class: "code" },
    createElement("div", {}, createElement("span", {}, language), createCopyButton(() => text)),
    createElement("pre", { tabindex: 0 }, createElement("code", {}, ...highlight(text, language))),
  );
}

function toTableNode({ header, rows }: Tokens.Table): Node {
  const toCell = (tag: "th" | "td") => (cell: Tokens.TableCell) =>
    createElement(tag, { class: cell.align ?? undefined }, ...toNodes(cell.tokens));
  const body = rows.map((row) => createElement("tr", {}, ...row.map(toCell("td"))));
  const head = createElement("tr", {}, ...header.map(toCell("th")));
  return createElement(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table" },
    createElement(
      "table",
      {},
      createElement("thead", {}, head),
      createElement("tbody", {}, ...body),
    ),
  );
}

/** Creates a link when the URL leads to a page or a mailbox, and plain text otherwise. */
export function toLink(href: string, content: Child[]): HTMLElement {
  if (!LINKS.test(URL.parse(href)?.protocol ?? "")) return createElement("span", {}, ...content);
  const attributes = { href, target: "_blank", rel: "noopener noreferrer nofollow" };
  return createElement("a", attributes, ...content);
}

/** Shows images inside the text. An image of another host would tell that host who reads what. */
function toImage({ href, text }: Tokens.Image): Node {
  if (IMAGES.test(href)) return createElement("img", { src: href, alt: text });
  const host = URL.parse(href)?.host;
  return toLink(href, [`Image: ${decode(text) || "untitled"}${host ? ` (${host})` : ""}`]);
}

const ENTITIES: Record<string, string> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\u00a0",
};

/** Decodes the character references that models write. The result is used as text only. */
function decode(text: string): string {
  return text.replace(/&(?:#(\d{1,6})|([a-z]{2,4}));/g, (whole, number, name) => {
    if (name) return ENTITIES[name] ?? whole;
    return Number(number) > 0 ? String.fromCodePoint(Number(number)) : whole;
  });
}
