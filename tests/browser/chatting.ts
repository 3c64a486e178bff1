/// <reference lib="dom" />
/** Helps tests to chat: to ask, to wait for the answer, to simulate failures. */
import type { Page } from "playwright-core";
import type { RecordedRequest, Simulation } from "../../tools/local/openrouter/mod.ts";
import type { Stack } from "../../tools/local/stack.ts";

/** The parts of a request to OpenRouter that tests look at. */
export interface Sent {
  model: string;
  temperature?: number;
  max_tokens?: number;
  // deno-lint-ignore no-explicit-any
  messages: any[];
}

/** The latest request to a model. Requests for the cost of earlier calls are skipped. */
export function findRequest(stack: Stack): RecordedRequest {
  return stack.openrouter!.requests.findLast(({ method }) => method === "POST")!;
}

/** The body of the latest request to a model. */
export function readRequest(stack: Stack): Sent {
  return findRequest(stack).body;
}

/** Writes a message and sends it. */
export async function ask(page: Page, text: string): Promise<void> {
  await page.getByLabel("Message").fill(text);
  await page.getByRole("button", { name: "Send", exact: true }).click();
}

/** Waits for the end of the last answer and returns its text. */
export async function readAnswer(page: Page): Promise<string> {
  await page.locator('.turn:last-child .answer[aria-busy="false"]').waitFor();
  return await page.locator(".turn:last-child .prose").innerText();
}

/** Waits until the catalogue is loaded; before that, the list of models is empty. */
export async function awaitModels(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const field = document.getElementById("chat-model")!;
    field.click();
    const isOpen = field.ariaExpanded === "true";
    field.dispatchEvent(new Event("blur"));
    return isOpen;
  });
}

/** Adds `simulate` to every later request to a function. */
export async function simulate(page: Page, simulation: Simulation, path = "stream"): Promise<void> {
  await page.unroute(`**/${path}`);
  await page.route(`**/${path}`, async (route) => {
    const body = { ...route.request().postDataJSON(), simulate: simulation };
    await route.continue({ postData: JSON.stringify(body) });
  });
}
