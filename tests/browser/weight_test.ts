/** What the playground weighs, and how soon it is there. */
import { assert } from "@std/assert";
import { ask, readAnswer, simulate } from "./chatting.ts";
import { createVisits, openTab } from "./visits.ts";

const test = createVisits();
const MAX_BYTES = 150_000;
const print = console.log;

test("the page weighs no more than 150 KB, whatever is done with it", async ({ page }) => {
  await simulate(page, { chunk_delay_ms: 0 });
  await ask(page, "Hello");
  await readAnswer(page);
  for (const tab of ["Records", "Embeddings", "Images", "Usage"]) await openTab(page, tab);
  await page.waitForLoadState("networkidle");
  const entries = await page.evaluate(() => {
    const types = ["navigation", "resource"];
    const entries = types.flatMap((type) => performance.getEntriesByType(type));
    return (entries as PerformanceResourceTiming[])
      // What the functions and InsForge answer is no part of the page.
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

test("the page paints before any script has come", async ({ page }) => {
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
  print(`The playground paints ${Math.round(await paint.jsonValue())} ms after it is asked for`);
  goOn();
  await page.getByRole("button", { name: "Demo user" }).waitFor();
}, { as: "nobody" });
