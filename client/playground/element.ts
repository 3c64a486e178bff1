/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/// <reference lib="dom.asynciterable" />
/** Elements: those of the page, found by id, and new ones. Nothing here makes HTML of text. */

const FRAME_MS = 16;
/** As many times longer than drawing the page rests after it. */
const PAUSE = 4;

type Attribute = string | number | boolean | undefined;
type Listener = (event: Event) => void;

/** What an element may hold; nothing at all is left out. */
export type Child = Node | string | false | undefined | null;

/**
 * Creates an element.
 *
 * @param attributes by name; `true` sets one without value, `false` and `undefined` leave it out. A
 *   function listens to the event of that name.
 */
export function createElement<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, Attribute | Listener> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== false && child != null));
  return element;
}

/** Creates a button that does not send a form. @param kind `plain`, or `quiet` for less weight. */
export function createButton(
  kind: string,
  click: Listener,
  ...children: Child[]
): HTMLButtonElement {
  return createElement("button", { type: "button", class: kind, click }, ...children);
}

/**
 * Finds an element of the page.
 *
 * @throws {Error} when it is not there or of another kind: page and scripts do not fit then.
 */
export function findElement<Kind extends HTMLElement = HTMLElement>(
  id: string,
  kind: new () => Kind = HTMLElement as unknown as new () => Kind,
): Kind {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new Error(`The page has no ${kind.name} "${id}"`);
}

/** Tells those who do not see the page what has happened. */
export function announce(text: string): void {
  findElement("announcement").textContent = text;
}

/**
 * Calls `draw` in the next frame, once, however often it is asked to. What takes longer than a frame
 * is drawn less often, so that no text, however made, takes the whole page's time.
 */
export function createFrame(draw: () => void): () => void {
  let isPending = false;
  let pauseMs = 0;
  const run = () => {
    const start = performance.now();
    isPending = false;
    draw();
    const ms = performance.now() - start;
    pauseMs = ms > FRAME_MS ? PAUSE * ms : 0;
  };
  return () => {
    if (isPending) return;
    isPending = true;
    if (pauseMs) setTimeout(run, pauseMs);
    else requestAnimationFrame(run);
  };
}
