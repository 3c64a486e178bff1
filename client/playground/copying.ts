/** Buttons that copy. */
import { announce, createElement } from "./element.ts";

/** Copies text to the clipboard and says so. */
export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    announce("Copied");
  } catch {
    announce("The browser does not allow copying here");
  }
}

/** A button that copies what `read` gives at that moment. */
export function createCopyButton(read: () => string): HTMLButtonElement {
  const button = createElement("button", { type: "button", class: "quiet" }, "Copy");
  button.addEventListener("click", () => confirmCopy(button, read()));
  return button;
}

/** Copies, and lets the button say so for a moment. */
export async function confirmCopy(button: HTMLButtonElement, text: string): Promise<void> {
  await copyText(text);
  button.textContent = "Copied";
  setTimeout(() => button.textContent = "Copy", 1_500);
}
