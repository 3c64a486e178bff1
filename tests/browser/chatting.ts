/// <reference lib="dom" />
/** The chat as tests use it: asking, waiting for the answer, asking for failures. */
import type { Page } from "playwright-core";
import type { Simulation } from "../../tools/local/openrouter/mod.ts";

/** Writes a message and sends it. */
export async function ask(page: Page, text: string): Promise<void> {
  await page.getByLabel("Message").fill(text);
  await page.getByRole("button", { name: "Send", exact: true }).click();
}

/** What the last answer says, once it has ended. */
export async function readAnswer(page: Page): Promise<string> {
  await page.locator('.turn:last-child .answer[aria-busy="false"]').waitFor();
  // The last frame is drawn after the end.
  await page.evaluate(() => new Promise(requestAnimationFrame));
  return await page.locator(".turn:last-child .prose").innerText();
}

/** Lets every later request to the functions ask the simulated OpenRouter for this. */
export async function simulate(page: Page, simulation: Simulation, path = "stream"): Promise<void> {
  await page.unroute(`**/${path}`);
  await page.route(`**/${path}`, async (route) => {
    const body = { ...route.request().postDataJSON(), simulate: simulation };
    await route.continue({ postData: JSON.stringify(body) });
  });
}
