/// <reference lib="dom" />
/** The chat as tests use it: asking, waiting for the answer, asking for failures. */
import type { Page } from "playwright-core";
import type { RecordedRequest, Simulation } from "../../tools/local/openrouter/mod.ts";
import type { Stack } from "../../tools/local/stack.ts";

/** What reached OpenRouter, as far as tests look at it. */
export interface Sent {
  model: string;
  temperature?: number;
  max_tokens?: number;
  // deno-lint-ignore no-explicit-any
  messages: any[];
}

/** The latest request to a model; what earlier ones cost may be asked for at any time. */
export function findRequest(stack: Stack): RecordedRequest {
  return stack.openrouter!.requests.findLast(({ method }) => method === "POST")!;
}

/** What the latest request to a model says. */
export function readRequest(stack: Stack): Sent {
  return findRequest(stack).body;
}

/** Writes a message and sends it. */
export async function ask(page: Page, text: string): Promise<void> {
  await page.getByLabel("Message").fill(text);
  await page.getByRole("button", { name: "Send", exact: true }).click();
}

/** What the last answer says, once it has ended. */
export async function readAnswer(page: Page): Promise<string> {
  await page.locator('.turn:last-child .answer[aria-busy="false"]').waitFor();
  return await page.locator(".turn:last-child .prose").innerText();
}

/** Waits for the catalogue: a list of models that is opened earlier stays empty. */
export async function awaitModels(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const field = document.getElementById("chat-model")!;
    field.click();
    const isOpen = field.ariaExpanded === "true";
    field.dispatchEvent(new Event("blur"));
    return isOpen;
  });
}

/** Lets every later request to the functions ask the simulated OpenRouter for this. */
export async function simulate(page: Page, simulation: Simulation, path = "stream"): Promise<void> {
  await page.unroute(`**/${path}`);
  await page.route(`**/${path}`, async (route) => {
    const body = { ...route.request().postDataJSON(), simulate: simulation };
    await route.continue({ postData: JSON.stringify(body) });
  });
}
