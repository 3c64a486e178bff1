/** Keeps the end of what grows in view, for as long as the reader is there. */
import "./element.ts";

/**
 * Follows `end` above `edge`, the upper edge of what lies below.
 *
 * @returns a function to call after something has grown.
 */
export function createFollower(end: HTMLElement, edge: HTMLElement): (force?: boolean) => void {
  let isThere = true;
  const look = () => {
    const gap = end.getBoundingClientRect().top - edge.getBoundingClientRect().top;
    isThere = gap < 48;
  };
  // Scrolling does not bubble, and on small screens it is the page that scrolls.
  document.addEventListener("scroll", look, { capture: true, passive: true });
  return (force = false) => {
    if (isThere || force) end.scrollIntoView({ block: "end" });
  };
}
