/// <reference lib="dom" />
/** Conversations with several turns, and long answers. */
import { assert, assertEquals } from "@std/assert";
import { ask, readAnswer, readRequest, simulate } from "./chatting.ts";
import { createVisits } from "./visits.ts";

const test = createVisits();

test("sends the entered tool result with the next message", async ({ page, stack }) => {
  await page.getByText("Settings", { exact: true }).click();
  await page.getByLabel("Offer the tool").check();
  await ask(page, "What is the weather in Lisbon?");
  await page.getByLabel("Result of get_weather").fill("rain");
  await page.getByLabel("Offer the tool").uncheck();
  await ask(page, "And tomorrow?");
  await readAnswer(page);
  const [, called, result, question] = readRequest(stack).messages;
  assertEquals(result, { role: "tool", tool_call_id: called.tool_calls[0].id, content: "rain" });
  assertEquals(question, { role: "user", content: "And tomorrow?" });
  assertEquals(await page.getByRole("button", { name: "Send the result" }).count(), 0);
});

test("offers no retry once the conversation has continued", async ({ page, stack, expectComplaint }) => {
  expectComplaint(/status of 402 /);
  await simulate(page, { credits: 0 });
  await ask(page, "First");
  await page.getByRole("button", { name: "Try again" }).waitFor();
  await simulate(page, { chunk_delay_ms: 1 });
  await ask(page, "Second");
  await readAnswer(page);
  assertEquals(await page.getByRole("button", { name: "Try again" }).count(), 0);
  await page.getByRole("button", { name: "Retry" }).press("Enter");
  assertEquals(await page.evaluate(() => document.activeElement!.id), "conversation");
  await readAnswer(page);
  const asked = readRequest(stack).messages.map(({ content }) => content);
  assertEquals(asked, ["First", "Second"]);
});

test("uses a link's definition even when it comes later in the text", async ({ page }) => {
  const address = "https://example.org/a/long/way";
  await simulate(page, {
    text: `See [the docs][1].\n\n[1]: ${address}`,
    chop: 3,
    chunk_delay_ms: 40,
  });
  await ask(page, "Where?");
  await readAnswer(page);
  const link = page.locator(".turn:last-child .prose").getByRole("link", { name: "the docs" });
  assertEquals(await link.getAttribute("href"), address);
});

test("shows right-to-left paragraphs from right to left", async ({ page }) => {
  const text = "\u05e9\u05dc\u05d5\u05dd!\n\nHello!";
  await simulate(page, { text, chunk_delay_ms: 0 });
  await ask(page, text);
  await readAnswer(page);
  const ends = await page.locator(".turn:last-child .prose p").evaluateAll((paragraphs) =>
    paragraphs.map(({ firstChild }) => {
      const toLeft = (index: number) => {
        const range = document.createRange();
        range.setStart(firstChild!, index);
        range.setEnd(firstChild!, index + 1);
        return range.getBoundingClientRect().left;
      };
      return toLeft(firstChild!.textContent!.length - 1) > toLeft(0);
    })
  );
  assertEquals(ends, [false, true]);
  assert(await page.locator("#prompt").isVisible());
});
