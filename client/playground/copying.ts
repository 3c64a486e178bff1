/** Buttons that copy. */
import { announce, createButton } from "./element.ts";

async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    announce("Copied");
  } catch {
    announce("The browser does not allow copying here");
  }
}

/** A button that copies what `read` gives at that moment. */
export function createCopyButton(read: () => string): HTMLButtonElement {
  const button = createButton("quiet", () => void confirmCopy(button, read()), "Copy");
  return button;
}

/** Copies, and lets the button say so for a moment. */
export async function confirmCopy(button: HTMLButtonElement, text: string): Promise<void> {
  await copyText(text);
  button.textContent = "Copied";
  clearTimeout(Number(button.dataset.timer));
  button.dataset.timer = String(setTimeout(() => button.textContent = "Copy", 1_500));
}
