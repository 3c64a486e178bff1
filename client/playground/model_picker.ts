/** A field for a model: type to search, or enter any other id. */
import type { ModelEntry } from "./catalogue.ts";
import { createElement } from "./element.ts";

/** Most models in the list; typing finds the others. */
const MAX_OPTIONS = 60;

/**
 * Turns a text field into a combobox.
 *
 * @param list returns the models to choose from; there may be hundreds.
 * @see https://www.w3.org/WAI/ARIA/apg/patterns/combobox/
 */
export function createModelPicker(input: HTMLInputElement, list: () => ModelEntry[]): void {
  const id = `${input.id}-list`;
  const box = createElement("ul", { id, role: "listbox", "aria-label": "Models", hidden: true });
  input.after(box);
  for (
    const [name, value] of Object.entries({
      role: "combobox",
      autocomplete: "off",
      spellcheck: "false",
      placeholder: "The app’s default",
      "aria-autocomplete": "list",
      "aria-controls": id,
      "aria-expanded": "false",
    })
  ) input.setAttribute(name, value);
  let active = -1;

  function open(all = false): void {
    const words = all ? [] : input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = list().filter((model) => words.every((word) => model.words.includes(word)));
    box.replaceChildren(...found.slice(0, MAX_OPTIONS).map(toOption));
    if (found.length > MAX_OPTIONS) {
      const more = `${found.length - MAX_OPTIONS} more; type to search`;
      box.append(createElement("li", { class: "more", role: "presentation" }, more));
    }
    activate(-1);
    toggle(found.length > 0);
  }

  function toggle(isOpen: boolean): void {
    box.hidden = !isOpen;
    input.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) activate(-1);
  }

  function toOption(model: ModelEntry, index: number): HTMLElement {
    return createElement(
      "li",
      {
        id: `${id}-${index}`,
        role: "option",
        "aria-selected": "false",
        "data-id": model.id,
        // Not `click`: before it the field loses the focus, which closes the list.
        pointerdown: (event) => {
          event.preventDefault();
          choose(model.id);
        },
      },
      createElement("span", {}, model.name),
      createElement("small", {}, `${model.id}${model.price ? ` · ${model.price}` : ""}`),
    );
  }

  function choose(model: string): void {
    input.value = model;
    toggle(false);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function activate(index: number): void {
    const options = [...box.querySelectorAll<HTMLElement>('[role="option"]')];
    options[active]?.setAttribute("aria-selected", "false");
    const option = options[index];
    active = option ? index : -1;
    if (!option) return input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.id);
  }

  function press(event: KeyboardEvent): void {
    const count = box.querySelectorAll('[role="option"]').length;
    switch (event.key) {
      case "ArrowDown":
        if (box.hidden) open(true);
        activate(active + 1 < count || box.hidden ? active + 1 : 0);
        break;
      case "ArrowUp":
        if (box.hidden) open(true);
        activate(active > 0 ? active - 1 : box.querySelectorAll('[role="option"]').length - 1);
        break;
      case "Enter":
        if (active < 0) return toggle(false);
        choose(box.children[active]?.getAttribute("data-id") ?? "");
        break;
      case "Escape":
        if (box.hidden) return;
        event.stopPropagation();
        toggle(false);
        break;
      default:
        return;
    }
    event.preventDefault();
  }

  input.addEventListener("input", (event) => {
    // Choosing a model also dispatches this event.
    if (event.isTrusted) input.value ? open() : toggle(false);
  });
  input.addEventListener("click", () => open(true));
  input.addEventListener("keydown", press);
  input.addEventListener("blur", () => toggle(false));
}
