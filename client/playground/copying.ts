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

/** Creates a button that copies the text that `read` returns when it is clicked. */
export function createCopyButton(read: () => string, label = "Copy"): HTMLButtonElement {
  const button = createButton("quiet", () => void confirmCopy(button, read()), label);
  return button;
}

/** Copies, and shows it on the button for a moment. */
export async function confirmCopy(button: HTMLButtonElement, text: string): Promise<void> {
  const { timer, label = button.textContent ?? "" } = button.dataset;
  button.dataset.label = label;
  await copyText(text);
  button.textContent = "Copied";
  clearTimeout(Number(timer));
  button.dataset.timer = String(setTimeout(() => button.textContent = label, 1_500));
}
