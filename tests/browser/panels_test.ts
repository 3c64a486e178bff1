/** Records, embeddings, images, usage and connect in a browser. */
import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import { ask, findRequest, readAnswer, simulate } from "./chatting.ts";
import { createVisits, DEMO, openTab, SECOND, signIn } from "./visits.ts";

const test = createVisits();

test(
  "shows and summarizes exactly the rows of the signed-in user",
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
        new RegExp(`^Summary\\s+${tickets} rows read · all rows`),
      );
      await assertSummed(page);
      const sent = stack.openrouter!.requests.slice(before)
        .filter(({ text }) => text !== "") // the request for the list of models
        .map(({ text }) => JSON.parse(text).messages[1].content);
      const read = [...sent.join("").matchAll(/^\{"id":(\d+),/gm)].map(([, id]) => Number(id));
      assertEquals(read.toSorted(ascending), ids.toSorted(ascending));
      await page.getByRole("button", { name: "Sign out" }).click();
    }
    assertEquals(seen[0]!.filter((id) => seen[1]!.includes(id)), []);
  },
  { as: "signed out" },
);

test(
  "streams a summary, passes on the instructions, and can be stopped",
  async ({ page, stack }) => {
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
    assertMatch(await page.locator("#summary").innerText(), /20 rows read · more rows exist/);
  },
  { tab: "records" },
);

test("says when a table does not exist", async ({ page, expectComplaint }) => {
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

test("ignores responses that are no longer wanted", async ({ page, stack }) => {
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

test("compares lines in a table of similarities", async ({ page }) => {
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

test("says when only the first lines are compared", async ({ page }) => {
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`);
  await page.getByLabel("Lines").fill(lines.join("\n"));
  await page.getByRole("button", { name: "Compare" }).click();
  const meta = await page.locator("#similarity .meta").innerText();
  assertMatch(meta, /^The first 24 of 30 lines · \d+ dimensions/);
}, { tab: "embeddings" });

test("labels an image with the prompt that was sent", async ({ page }) => {
  await page.getByLabel("Description").fill("A lighthouse");
  await page.route("**/image-gen", async (route) => {
    await page.getByLabel("Description").fill("A ship");
    await route.continue();
  });
  await page.getByRole("button", { name: "Draw" }).click();
  await page.getByRole("img", { name: "A lighthouse 1" }).waitFor();
}, { tab: "images" });

test("draws an image, downloads it, and saves it as the user", async ({ page, stack }) => {
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

test("shows an image that could not be saved, with the reason", async ({ page }) => {
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
  "says when a bucket does not exist, before anything is drawn",
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

test("sums up the usage of the page and of the account", async ({ page }) => {
  await ask(page, "Hello");
  await readAnswer(page);
  const [, tokens] = /([\d,]+) tokens · <?\$[\d.]+ on this page/.exec(
    await page.locator("#spent").innerText(),
  )!;
  await openTab(page, "Usage");
  const cells = await page.locator("#page-usage tbody tr").last().locator("th, td").allInnerTexts();
  assertEquals([cells[0], cells[2]], ["All", "1"]);
  const [prompt, completion] = cells.slice(3, 5).map((cell) => Number(cell.replaceAll(",", "")));
  assertEquals(prompt! + completion!, Number(tokens!.replaceAll(",", "")));
  assertMatch(cells[1]!, /^<?\$0\.0*[1-9]/);

  const sums = page.locator("#account-usage tbody tr").filter({ hasText: "Today" });
  await sums.waitFor();
  const today = await sums.locator("th, td").allInnerTexts();
  assertGreater(Number(today[2]), 0);
});

test("compares sample lines that are similar in pairs", async ({ page }) => {
  await page.getByRole("button", { name: "Compare" }).click();
  const rows = page.getByRole("region", { name: "Similarity" }).locator("tbody tr");
  await rows.first().waitFor();
  const numbers = (await rows.locator("td").allInnerTexts()).map(Number);
  const similarity = (row: number, column: number) => numbers[row * 5 + column]!;
  for (const [row, column] of [[0, 1], [2, 3]] as const) {
    assertGreater(similarity(row, column), 0.45);
    for (const other of [0, 1, 2, 3, 4].filter((one) => one !== row && one !== column)) {
      assertGreater(similarity(row, column), similarity(row, other) + 0.2);
    }
  }
}, { tab: "embeddings" });

test("marks every tab as simulated", async ({ page }) => {
  for (const tab of ["Chat", "Records", "Embeddings", "Images", "Usage", "Connect"]) {
    await openTab(page, tab);
    await page.getByRole("tabpanel", { name: tab }).getByText("simulated", { exact: true })
      .waitFor();
  }
});

test("shows rows and costs without scrolling sideways at 360 pixels", async ({ page }) => {
  await ask(page, "Hello");
  await readAnswer(page);
  const isInside = (selector: string) =>
    page.locator(selector).evaluateAll((elements) =>
      elements.length > 0 && elements.every((element) => {
        const { left, right } = element.getBoundingClientRect();
        return left >= 0 && right <= innerWidth;
      })
    );
  await openTab(page, "Records");
  await page.locator("#rows tbody tr").first().waitFor();
  assert(await isInside("#rows td"), "a cell of the records is cut");
  assertEquals(
    await page.locator("#rows tbody tr").first().locator("td").nth(1).evaluate((cell) =>
      getComputedStyle(cell, "::before").content
    ),
    '"owner"',
  );
  await openTab(page, "Usage");
  await page.locator("#account-usage").getByText("Today").waitFor();
  assert(await isInside("#usage :is(td, th):nth-child(2)"), "a cost is cut");
  assert(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
}, { viewport: { width: 360, height: 740 } });

test("connects with OpenRouter, and disconnects", async ({ page }) => {
  await page.getByRole("button", { name: "Connect with OpenRouter" }).click();
  await page.getByRole("button", { name: "Authorize" }).click();
  await page.getByText("your OpenRouter account pays for your calls").waitFor();
  assertEquals(new URL(page.url()).search, "");
  await page.getByRole("button", { name: "Disconnect" }).click();
  await page.getByText("the app pays for your calls").waitFor();
}, { tab: "connect", as: "second" });

/** The line under a summary includes the tokens of the notes on its chunks. */
async function assertSummed(page: Page): Promise<void> {
  const meta = await page.locator("#summary .meta").innerText();
  const [prompt, completion] = [...meta.matchAll(/([\d,]+) (?:tokens in|out)/g)]
    .map(([, count]) => Number(count!.replaceAll(",", "")));
  const [, spent] = /([\d,]+) tokens/.exec(await page.locator("#spent").innerText())!;
  assertEquals(prompt! + completion!, Number(spent!.replaceAll(",", "")));
}

/** Reads the ids of all pages of the table. */
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

/** Runs in the page: tells whether the newest image has loaded. */
function isDrawn(): boolean {
  const picture = document.querySelector<HTMLImageElement>("#drawings figure img");
  return (picture?.naturalWidth ?? 0) > 0;
}

function ascending(one: number, other: number): number {
  return one - other;
}
