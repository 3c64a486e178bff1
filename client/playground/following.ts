/** Keeps the end of what grows in view, for as long as the reader is there. */
import "./element.ts";

/** So near to the end a reader is taken to be there. */
const NEAR_PX = 48;

/**
 * Follows `end` above `edge`, the upper edge of what lies below.
 *
 * @returns a function to call after something has grown.
 */
export function createFollower(end: HTMLElement, edge: HTMLElement): (force?: boolean) => void {
  let isThere = true;
  let last = 0;
  const look = ({ target }: Event) => {
    const scroller = target === document ? document.scrollingElement : target;
    if (!(scroller instanceof Element) || !scroller.contains(end)) return;
    const gap = end.getBoundingClientRect().top - edge.getBoundingClientRect().top;
    // What grows moves the end away without anybody scrolling. Only the reader moves up, a few pixels
    // at first; or what has shrunk does, but then its end is in view.
    if (scroller.scrollTop < last) isThere = gap < 1;
    else if (gap < NEAR_PX) isThere = true;
    last = scroller.scrollTop;
  };
  // Scrolling does not bubble, and on small screens it is the page that scrolls.
  document.addEventListener("scroll", look, { capture: true, passive: true });
  return (force = false) => {
    if (isThere || force) end.scrollIntoView({ block: "end" });
  };
}
