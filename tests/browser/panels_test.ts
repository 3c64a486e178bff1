/** Records, embeddings, images and usage in a browser. */
import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import { ask, findRequest, readAnswer, simulate } from "./chatting.ts";
import { createVisits, DEMO, openTab, SECOND, signIn } from "./visits.ts";

const test = createVisits();

test(
  "each user sees exactly their own rows, and the summary is of these",
  async ({ page, stack }) => {
    await simulate(page, { chunk_delay_ms: 0 }, "summarize-records");
    const seen: number[][] = [];
    for (const [as, { tickets }] of [["demo", DEMO], ["second", SECOND]] as const) {
      await signIn(page, as);
      await openTab(page, "Records");
      const ids = await readAllIds(page, tickets);
      assertEquals(new Set(ids).size, tickets);
      seen.push(ids);

      const before = stack.openrouter!.requests.length;
      await page.getByRole("button", { name: "Summarize" }).click();
      await page.locator('#summary .answer[aria-busy="false"]').waitFor();
      assertMatch(
        await page.locator("#summary").innerText(),
        new RegExp(`^Summary\\s+${tickets} rows read · all there is`),
      );
      await assertSummed(page);
      const sent = stack.openrouter!.requests.slice(before).map(({ text }) =>
        JSON.parse(text).messages[1].content
      );
      const read = [...sent.join("").matchAll(/^\{"id":(\d+),/gm)].map(([, id]) => Number(id));
      assertEquals(read.toSorted(ascending), ids.toSorted(ascending));
      await page.getByRole("button", { name: "Sign out" }).click();
    }
    assertEquals(seen[0]!.filter((id) => seen[1]!.includes(id)), []);
  },
  { as: "nobody" },
);

test("a summary grows, follows its instructions, and can be stopped", async ({ page, stack }) => {
  await simulate(page, { chunk_delay_ms: 500 }, "summarize-records");
  await page.getByLabel("Instructions").fill("Which machine leaks?");
  await page.getByLabel("Rows to summarize").fill("20");
  await page.getByRole("button", { name: "Summarize" }).click();
  await page.locator("#summary .prose p").waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("Stopped.").waitFor();
  const { text, cancelled } = findRequest(stack);
  assert(text.includes("Which machine leaks?"));
  assert(await cancelled);
  assertMatch(await page.locator("#summary").innerText(), /20 rows read · there is more/);
}, { tab: "records" });

test("a table that is not there is told", async ({ page, expectComplaint }) => {
  expectComplaint(/status of 404 .*no_such_table/);
  expectComplaint(/status of 400 .*summarize-records/);
  await page.getByText("Rows 1–20 of 120").waitFor();
  await page.getByLabel("Table").fill("no_such_table");
  await page.getByLabel("Table").press("Tab");
  await page.locator("#rows").getByRole("alert").waitFor();
  await page.getByRole("button", { name: "Summarize" }).click();
  assertMatch(
    await page.locator("#summary").getByRole("alert").innerText(),
    /"table" must exist/,
  );
}, { tab: "records" });

test("what nobody waits for any more is not shown when it comes", async ({ page, stack }) => {
  await page.getByText("Rows 1–20 of 120").waitFor();
  await stack.insforge!.sql("create table if not exists notes as select 1 as id");
  const { promise: mayCome, resolve: come } = Promise.withResolvers<void>();
  for (const address of ["**/records/support_tickets?*", "**/usage"]) {
    await page.route(address, (route) => mayCome.then(() => route.continue()).catch(() => {}));
  }
  const isGivenUp = (path: string) =>
    page.waitForEvent("requestfailed", (request) => new URL(request.url()).pathname.endsWith(path));

  const rows = isGivenUp("/support_tickets");
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByLabel("Table").fill("notes");
  await page.getByLabel("Table").press("Tab");
  await rows;
  await page.getByText("Rows 1–1 of 1 of notes").waitFor();

  const usage = isGivenUp("/usage");
  await openTab(page, "Usage");
  await page.getByRole("button", { name: "Sign out" }).click();
  await usage;
  come();
}, { tab: "records" });

test("lines become a table of how alike they are", async ({ page }) => {
  const lines = ["Refund my order", "I want my money back", "The weather in Oslo"];
  await page.getByLabel("Lines").fill(lines.join("\n"));
  await page.getByRole("button", { name: "Compare" }).click();
  const rows = page.getByRole("region", { name: "Similarity" }).locator("tbody tr");
  await rows.first().waitFor();
  assertEquals(await rows.locator("th span").allInnerTexts(), lines);
  const numbers = (await rows.locator("td").allInnerTexts()).map(Number);
  assertEquals(numbers.length, 9);
  for (const index of [0, 1, 2]) assertEquals(numbers[index * 4], 1);
  assertEquals([numbers[1], numbers[2]], [numbers[3], numbers[6]]);
  assert(numbers.every((number) => number >= -1 && number <= 1));
  const colours = await rows.locator("td").evaluateAll((cells) =>
    cells.map((cell) => getComputedStyle(cell).backgroundColor)
  );
  assertGreater(new Set(colours).size, 1);
}, { tab: "embeddings" });

test("of more lines than the table takes, it says which are in it", async ({ page }) => {
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`);
  await page.getByLabel("Lines").fill(lines.join("\n"));
  await page.getByRole("button", { name: "Compare" }).click();
  const meta = await page.locator("#similarity .meta").innerText();
  assertMatch(meta, /^The first 24 of 30 lines · \d+ dimensions/);
}, { tab: "embeddings" });

test("a picture keeps the words it was drawn by", async ({ page }) => {
  await page.getByLabel("Description").fill("A lighthouse");
  await page.route("**/image-gen", async (route) => {
    await page.getByLabel("Description").fill("A ship");
    await route.continue();
  });
  await page.getByRole("button", { name: "Draw" }).click();
  await page.getByRole("img", { name: "A lighthouse 1" }).waitFor();
}, { tab: "images" });

test("a picture is drawn, downloaded, and saved in the user's name", async ({ page, stack }) => {
  await page.getByRole("button", { name: "Draw" }).click();
  const figure = page.locator("#drawings figure").first();
  await page.waitForFunction(isDrawn);
  const download = page.waitForEvent("download");
  await figure.getByRole("link", { name: "Download" }).click();
  assertEquals((await download).suggestedFilename(), "picture.png");

  await page.getByLabel("Save to bucket").fill("images");
  await page.getByRole("button", { name: "Draw" }).click();
  await page.getByText(/saved as images\//).waitFor();
  await page.waitForFunction(isDrawn);
  const [, key] = /saved as images\/(\S+)/.exec(await figure.innerText())!;
  const stored = await fetch(`${stack.insforgeUrl}/api/storage/buckets/images/objects/${key}`);
  assertEquals([stored.status, stored.headers.get("content-type")], [200, "image/png"]);
  await stored.body?.cancel();
}, { tab: "images" });

test("a picture that could not be saved is shown, and so is the reason", async ({ page }) => {
  await page.route("**/image-gen", async (route) => {
    const answer = await (await route.fetch()).json();
    const save_error = { error: "UPSTREAM_FAILURE", message: "InsForge <b>failed" };
    for (const image of answer.images) image.save_error = save_error;
    await route.fulfill({ json: answer });
  });
  await page.getByRole("button", { name: "Draw" }).click();
  await page.getByText("not saved: InsForge <b>failed").waitFor();
  await page.waitForFunction(isDrawn);
}, { tab: "images" });

test(
  "a bucket that is not there is told before anything is drawn",
  async ({ page, stack, expectComplaint }) => {
    expectComplaint(/status of 400 .*image-gen/);
    const before = stack.openrouter!.requests.length;
    await page.getByLabel("Save to bucket").fill("nowhere");
    await page.getByRole("button", { name: "Draw" }).click();
    assertMatch(await page.getByRole("alert").filter({ hasText: "STORAGE" }).innerText(), /bucket/);
    assertEquals(stack.openrouter!.requests.length, before);
  },
  { tab: "images" },
);

test("what was used is summed up, for the page and for the account", async ({ page }) => {
  await ask(page, "Hello");
  await readAnswer(page);
  const [, tokens] = /([\d,]+) tokens · \$[\d.]+ on this page/.exec(
    await page.locator("#spent").innerText(),
  )!;
  await openTab(page, "Usage");
  const cells = await page.locator("#page-usage tbody tr").last().locator("th, td").allInnerTexts();
  assertEquals(cells.slice(0, 2), ["All", "1"]);
  const [prompt, completion] = cells.slice(2, 4).map((cell) => Number(cell.replaceAll(",", "")));
  assertEquals(prompt! + completion!, Number(tokens!.replaceAll(",", "")));
  assertMatch(cells[4]!, /^\$0\.0*[1-9]/);

  const sums = page.locator("#account-usage tbody tr").filter({ hasText: "Today" });
  await sums.waitFor();
  const today = await sums.locator("th, td").allInnerTexts();
  assertGreater(Number(today[1]), 0);
});

/** What stands under a summary is all that it used, notes on its chunks included. */
async function assertSummed(page: Page): Promise<void> {
  const meta = await page.locator("#summary .meta").innerText();
  const [prompt, completion] = [...meta.matchAll(/([\d,]+) (?:tokens in|out)/g)]
    .map(([, count]) => Number(count!.replaceAll(",", "")));
  const [, spent] = /([\d,]+) tokens/.exec(await page.locator("#spent").innerText())!;
  assertEquals(prompt! + completion!, Number(spent!.replaceAll(",", "")));
}

/** Turns the pages of the table to its end. */
async function readAllIds(page: Page, total: number): Promise<number[]> {
  const ids: number[] = [];
  while (true) {
    const first = ids.length + 1;
    await page.getByText(`Rows ${first}–${Math.min(first + 19, total)} of ${total}`).first()
      .waitFor();
    const cells = await page.locator("#rows tbody tr > :first-child").allInnerTexts();
    ids.push(...cells.map(Number));
    if (ids.length >= total) return ids;
    await page.locator("#rows").getByRole("button", { name: "Next" }).click();
  }
}

/** Runs in the page: whether the newest picture is there, and can be seen. */
function isDrawn(): boolean {
  const picture = document.querySelector<HTMLImageElement>("#drawings figure img");
  return (picture?.naturalWidth ?? 0) > 0;
}

function ascending(one: number, other: number): number {
  return one - other;
}
