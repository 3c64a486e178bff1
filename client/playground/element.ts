/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/// <reference lib="dom.asynciterable" />
/** Finds and creates elements. Nothing here turns text into HTML. */

const FRAME_MS = 16;
/** After a slow drawing, the page rests for this many times its duration. */
const PAUSE = 4;

type Attribute = string | number | boolean | undefined;
type Listener = (event: Event) => void;

/** A child of an element; `false`, `undefined` and `null` are skipped. */
export type Child = Node | string | false | undefined | null;

/**
 * Creates an element.
 *
 * @param attributes by name. `true` sets an attribute without value; `false` and `undefined` set
 *   none. A function becomes a listener for the event of that name.
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

/** Creates a button that does not submit a form. `kind` is its class, such as `plain` or `quiet`. */
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
 * @throws {Error} when it is missing or of another kind: page and scripts do not match then.
 */
export function findElement<Kind extends HTMLElement = HTMLElement>(
  id: string,
  kind: new () => Kind = HTMLElement as unknown as new () => Kind,
): Kind {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new Error(`The page has no ${kind.name} "${id}"`);
}

/** Announces a change to screen readers. */
export function announce(text: string): void {
  findElement("announcement").textContent = text;
}

/**
 * Returns a function that calls `draw` once in the next frame, however often it is called. A slow
 * `draw` runs less often, so that no text can block the page.
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
