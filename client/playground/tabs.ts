/** Tabs as WAI-ARIA describes them: one stop for the Tab key; arrows, Home and End switch. */
import "./element.ts";

/** A list of tabs, one of which is chosen. */
export interface Tabs {
  /** The id of the chosen tab. */
  readonly chosen: string;
  choose(id: string): void;
}

/**
 * Makes a tab list work.
 *
 * @param onChoose is called with the id of the chosen tab and has to show its panel, because several
 *   tabs may share one.
 * @see https://www.w3.org/WAI/ARIA/apg/patterns/tabs/
 */
export function createTabs(list: HTMLElement, onChoose: (id: string) => void): Tabs {
  const tabs = [...list.querySelectorAll<HTMLElement>('[role="tab"]')];
  let chosen = tabs[0]!.id;

  function choose(id: string): void {
    chosen = id;
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", String(tab.id === id));
      tab.tabIndex = tab.id === id ? 0 : -1;
    }
    onChoose(id);
  }

  function move(event: KeyboardEvent): void {
    const current = tabs.findIndex(({ id }) => id === chosen);
    const last = tabs.length - 1;
    const target = ({
      ArrowRight: current === last ? 0 : current + 1,
      ArrowLeft: current === 0 ? last : current - 1,
      Home: 0,
      End: last,
    } as Record<string, number>)[event.key];
    const tab = tabs[target ?? -1];
    if (!tab) return;
    event.preventDefault();
    choose(tab.id);
    tab.focus();
  }

  for (const tab of tabs) tab.addEventListener("click", () => choose(tab.id));
  list.addEventListener("keydown", move);
  return {
    get chosen() {
      return chosen;
    },
    choose,
  };
}
