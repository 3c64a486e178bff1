/** Accessibility: keyboard, phones, slow connections, screen readers. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { ask, awaitModels, readAnswer, simulate } from "./chatting.ts";
import { createVisits, openTab } from "./visits.ts";

const test = createVisits();
const DESKTOP = { width: 1280, height: 900 };
const MAX_BYTES = 150_000;
const print = console.log;
const PHONE = { width: 360, height: 740 };

/** The views to examine by name, and how to reach each from a fresh page. */
const STATES: Record<string, (page: Page) => Promise<void>> = {
  async "a chat"(page) {
    const text = "# Title\n\n- a `list`\n- of **two**\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n" +
      "> said\n\n```js\nconst answer = 42;\n```\n\n[a link](https://example.org)";
    await page.getByText("Settings", { exact: true }).click();
    await page.locator("#raw-details > summary").click();
    await simulate(page, { text, chunk_delay_ms: 0 });
    await ask(page, "Show me everything");
    await readAnswer(page);
  },
  async "a call of a tool and the list of models"(page) {
    await page.getByText("Settings", { exact: true }).click();
    await page.getByLabel("Offer the tool").check();
    await ask(page, "What is the weather in Lisbon?");
    await page.getByRole("button", { name: "Send the result" }).waitFor();
    await awaitModels(page);
    await page.getByRole("combobox", { name: "Model", exact: true }).click();
    await page.getByRole("listbox", { name: "Models" }).waitFor();
  },
  async "records and their summary"(page) {
    await openTab(page, "Records");
    await simulate(page, { chunk_delay_ms: 0 }, "summarize-records");
    await page.getByRole("button", { name: "Summarize" }).click();
    await page.locator('#summary .answer[aria-busy="false"]').waitFor();
    await page.getByText("Rows 1–20 of 120").first().waitFor();
  },
  async "a heat map"(page) {
    await openTab(page, "Embeddings");
    await page.getByRole("button", { name: "Compare" }).click();
    await page.getByRole("region", { name: "Similarity" }).waitFor();
  },
  async "a picture"(page) {
    await openTab(page, "Images");
    await page.getByRole("button", { name: "Draw" }).click();
    await page.locator("#drawings figure").waitFor();
  },
  async "usage"(page) {
    await openTab(page, "Usage");
    await page.locator("#account-usage").getByText("Today").waitFor();
  },
};

for (const [name, go] of Object.entries(STATES)) {
  test(`${name}: has no accessibility faults, light and dark, on a desk and on a phone`, async ({ page }) => {
    await go(page);
    await assertAccessible(page);
  });
}

test("a failure: has no accessibility faults, light and dark, on a desk and on a phone", async ({ page, expectComplaint }) => {
  expectComplaint(/status of 402 /);
  await simulate(page, { credits: 0 });
  await ask(page, "Hello");
  await page.locator(".failure").waitFor();
  await assertAccessible(page);
});

test(
  "the welcome: has no accessibility faults, light and dark, on a desk and on a phone",
  async ({ page }) => {
    await page.getByText("Use an access token").click();
    await assertAccessible(page);
  },
  { as: "signed out" },
);

test("works with the keyboard alone", async ({ page }) => {
  const press = (key: string) => page.keyboard.press(key);
  const focused = () =>
    page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      return element.id || element.innerText.trim();
    });
  /** Presses Tab until `target` has the focus, and checks that the focus is visible. */
  const tabTo = async (target: string) => {
    for (let presses = 0; presses < 40; presses++) {
      await press("Tab");
      const [name, isVisible] = [await focused(), await page.evaluate(isFocusVisible)];
      assert(isVisible, `the focus cannot be seen at "${name}"`);
      if (name.startsWith(target)) return;
    }
    throw new Error(`The Tab key does not lead to "${target}"`);
  };

  await page.goto("about:blank");
  await page.goto("/");
  await page.getByRole("button", { name: "Demo user" }).waitFor();
  await tabTo("Skip to the content");
  await press("Enter");
  await page.locator("#main:focus").waitFor();
  await tabTo("Demo user");
  await press("Enter");
  await page.locator("#workbench").waitFor();
  assertEquals(await focused(), "prompt");
  await page.keyboard.type("Hello");
  await press("Enter");
  await readAnswer(page);
  assertEquals(await focused(), "prompt");

  await press("Shift+Tab");
  await page.locator("#tab-chat").focus();
  await press("ArrowRight");
  assertEquals(await focused(), "tab-records");
  await press("End");
  assertEquals(await focused(), "tab-connect");
  await press("Home");
  await press("ArrowRight");
  await page.getByText("Rows 1–20 of 120").first().waitFor();
  await simulate(page, { chunk_delay_ms: 500 }, "summarize-records");
  await tabTo("summarize");
  await press("Enter");
  await page.locator("#summary .prose p").waitFor();
  await press("Escape");
  await page.getByText("Stopped.").waitFor();
  assertNotEquals(await focused(), "");
  await page.locator("#account").getByRole("button", { name: "Sign out" }).focus();
  await press("Enter");
  await page.getByRole("button", { name: "Demo user" }).waitFor();
}, { as: "signed out" });

test("uses the system's theme until the user chooses one", async ({ page }) => {
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = await background();
  assertNotEquals(light, dark);
  await page.getByRole("button", { name: "Dark theme", pressed: true }).click();
  assertEquals(await background(), light);
  await page.reload();
  await page.locator("#workbench").waitFor();
  await page.getByRole("button", { name: "Dark theme", pressed: false }).waitFor();
  assertEquals(await background(), light);
}, { colorScheme: "light" });

test("shows what is selected when the system chooses the colours", async ({ page }) => {
  await awaitModels(page);
  await page.getByRole("combobox", { name: "Model", exact: true }).press("ArrowDown");
  for (const role of ["tab", "option"] as const) {
    const chosen = page.getByRole(role, { selected: true }).first();
    assertEquals(await chosen.evaluate((one) => getComputedStyle(one).outlineStyle), "solid");
  }
}, { forcedColors: "active" });

test("shows no motion when the system asks for reduced motion", async ({ page }) => {
  await simulate(page, { chunk_delay_ms: 20 });
  await ask(page, "Hello");
  await page.locator(".turn:last-child .prose p").first().waitFor();
  const moving = await page.evaluate(() =>
    document.getAnimations().filter(({ effect }) =>
      Number(effect?.getComputedTiming().duration) > 10
    ).length
  );
  assertEquals(moving, 0);
  await page.keyboard.press("Escape");
}, { reducedMotion: "reduce" });

test("loads at most 150 KB, whatever is done with the page", async ({ page }) => {
  await ask(page, "Hello");
  await readAnswer(page);
  for (const tab of ["Records", "Embeddings", "Images", "Usage"]) await openTab(page, tab);
  await page.waitForLoadState("networkidle");
  const entries = await page.evaluate(() => {
    const types = ["navigation", "resource"];
    const entries = types.flatMap((type) => performance.getEntriesByType(type));
    return (entries as PerformanceResourceTiming[])
      // Responses of the functions and of InsForge do not count as part of the page.
      .filter(({ name, initiatorType }) => initiatorType !== "fetch" || name.endsWith(".json"))
      .map(({ name, decodedBodySize }) => ({ name, bytes: decodedBodySize }));
  });
  const parts = ["/#chat", "/playground.json", "/client/playground/main.ts", ".css", "marked.js"];
  for (const part of parts) {
    const found = entries.find(({ name }) => name.endsWith(part));
    assert(found && found.bytes > 0, `${part} was not counted`);
  }
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  print(`The playground weighs ${bytes} bytes in ${entries.length} files`);
  assert(bytes <= MAX_BYTES, `${bytes} bytes`);
});

test("paints before any script has loaded", async ({ page }) => {
  const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>();
  await page.route("**/*.ts", async (route) => {
    await mayGoOn;
    await route.continue();
  });
  await page.goto("about:blank");
  await page.goto("/", { waitUntil: "commit" });
  const paint = await page.waitForFunction(() =>
    performance.getEntriesByName("first-contentful-paint")[0]?.startTime
  );
  print(`The playground paints ${Math.round((await paint.jsonValue())!)} ms after it is asked for`);
  goOn();
  await page.getByRole("button", { name: "Demo user" }).waitFor();
}, { as: "signed out" });

/** Runs axe in both themes and sizes, and checks that a phone need not scroll sideways. */
async function assertAccessible(page: Page): Promise<void> {
  await page.evaluate(axe.source);
  for (const size of [DESKTOP, PHONE]) {
    await page.setViewportSize(size);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const violations = await page.evaluate(async () => {
        const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run();
        return violations.map(({ id, nodes }) =>
          `${id}: ${
            nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")
          }`
        );
      });
      assertEquals(violations, [], `${colorScheme}, ${size.width} pixels wide`);
    }
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert(width <= size.width, `${width} pixels in a window of ${size.width}`);
  }
}

/** Runs in the page: tells whether the focus is visible. */
function isFocusVisible(): boolean {
  const element = document.activeElement!;
  const shown = element.matches('input[type="file"]') ? element.parentElement! : element;
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(shown);
  const { width, height } = shown.getBoundingClientRect();
  const hasRing = (outlineStyle !== "none" && parseFloat(outlineWidth) >= 1) ||
    boxShadow !== "none";
  return hasRing && width > 1 && height > 1;
}
