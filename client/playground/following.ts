/** Keeps the end of growing text in view until the reader scrolls up. */
import "./element.ts";

/** A reader this close to the end is considered to be at the end. */
const NEAR_PX = 48;

/**
 * Keeps `end` visible above `edge`, the element below it.
 *
 * @returns a function to call after the text has grown. With `true` it scrolls in any case.
 */
export function createFollower(end: HTMLElement, edge: HTMLElement): (force?: boolean) => void {
  let isThere = true;
  let last = 0;
  const look = ({ target }: Event) => {
    const scroller = target === document ? document.scrollingElement : target;
    if (!(scroller instanceof Element) || !scroller.contains(end)) return;
    const gap = end.getBoundingClientRect().top - edge.getBoundingClientRect().top;
    // Growing text moves the end away without any scrolling. Scrolling up is the reader's doing, or
    // the text has shrunk; in that case its end is in view.
    if (scroller.scrollTop < last) isThere = gap < 1;
    else if (gap < NEAR_PX) isThere = true;
    last = scroller.scrollTop;
  };
  // Scroll events do not bubble, and on small screens the page itself scrolls.
  document.addEventListener("scroll", look, { capture: true, passive: true });
  return (force = false) => {
    if (isThere || force) end.scrollIntoView({ block: "end" });
  };
}
