/** The chat in a browser: streaming, stopping, tools, images, models. */
import { Buffer } from "node:buffer";
import { assert, assertEquals, assertGreater, assertMatch, assertNotEquals } from "@std/assert";
import type { JSHandle, Page } from "playwright-core";
import { ask, awaitModels, findRequest, readAnswer, readRequest, simulate } from "./chatting.ts";
import { copy, createVisits } from "./visits.ts";

const test = createVisits();
const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const PICTURE = {
  name: "pixel.png",
  mimeType: "image/png",
  buffer: Buffer.from(PIXEL, "base64"),
};

test("shows an answer while it is written", async ({ page }) => {
  await simulate(page, { text: "word ".repeat(10_000), chunk_delay_ms: 20 });
  const lengths = await watchLengths(page);
  await ask(page, "Explain streaming in three paragraphs");
  await page.waitForFunction(
    (seen) => seen.length > 10 && seen.at(-1)! > Math.max(100, 4 * seen[0]!),
    lengths,
  );
  const seen = await lengths.jsonValue();
  assertEquals(seen, seen.toSorted((one, other) => one - other));
  assertEquals(await page.locator(".answer").getAttribute("aria-busy"), "true");
});

for (const way of ["the stop button", "Escape"]) {
  test(`${way} ends the answer, and the generation behind it`, async ({ page, stack }) => {
    await simulate(page, { chunk_delay_ms: 500 });
    await ask(page, "Tell me everything you know");
    await page.locator(".turn:last-child .prose p").first().waitFor();
    if (way === "Escape") await page.keyboard.press("Escape");
    else await page.getByRole("button", { name: "Stop" }).click();
    assert(await findRequest(stack).cancelled);
    await page.getByText("Stopped.").waitFor();
    assertGreater((await readAnswer(page)).length, 0);
    assert(await page.getByRole("button", { name: "Send", exact: true }).isVisible());
  });
}

test("follows an answer to its end until the reader scrolls up", async ({ page }) => {
  const write = (count: number) =>
    Array.from({ length: count }, (_, line) => `Paragraph ${line}\n\n`).join("");
  await simulate(page, { text: write(80), chunk_delay_ms: 1 });
  await ask(page, "Count");
  await readAnswer(page);
  assert(await page.getByRole("button", { name: "Retry" }).isVisible());
  await page.waitForFunction(() => {
    const [end, edge] = ["conversation-end", "composer"].map((id) =>
      document.getElementById(id)!.getBoundingClientRect().top
    );
    return end! <= edge! + 1;
  });

  await simulate(page, { text: write(4_000), chunk_delay_ms: 20 });
  await ask(page, "Count again");
  const paragraphs = page.locator(".turn:last-child .prose p");
  await paragraphs.nth(3).waitFor();
  await page.locator("#conversation").hover();
  await page.mouse.wheel(0, -10_000);
  await page.waitForFunction(() => document.getElementById("conversation")!.scrollTop === 0);
  const seen = await paragraphs.count();
  await paragraphs.nth(seen + 5).waitFor();
  assertEquals(await page.locator("#conversation").evaluate(({ scrollTop }) => scrollTop), 0);
});

test("continues, retries and restarts a conversation", async ({ page, stack }) => {
  await ask(page, "My name is Ada");
  const first = await readAnswer(page);
  await ask(page, "What is my name?");
  await readAnswer(page);
  const roles = ["user", "assistant", "user"];
  assertEquals(readRequest(stack).messages.map(({ role }) => role), roles);
  assert(first.length > 0 && readRequest(stack).messages[1].content.length > 0);

  await page.getByRole("button", { name: "Retry" }).click();
  await readAnswer(page);
  assertEquals(await page.locator(".turn").count(), 4);
  assertEquals(readRequest(stack).messages.map(({ role }) => role), roles);

  await page.getByRole("button", { name: "New chat" }).click();
  assertEquals(await page.locator(".turn").count(), 0);
  await ask(page, "Hello again");
  await readAnswer(page);
  assertEquals(readRequest(stack).messages.length, 1);
});

test("says when an answer was cut at its output limit", async ({ page, stack }) => {
  await page.getByText("Settings", { exact: true }).click();
  await page.getByLabel("Max tokens").fill("16");
  await page.getByLabel("System prompt").fill("Be brief");
  await page.getByLabel("Temperature").fill("0.5");
  await ask(page, "Write a novel");
  await page.getByText("cut at the output limit").waitFor();
  const { max_tokens, temperature, messages } = readRequest(stack);
  assertEquals([max_tokens, temperature], [16, 0.5]);
  assertEquals(messages[0], { role: "system", content: "Be brief" });
});

test("shows Markdown as headings, lists, tables and code to copy", async ({ page }) => {
  const code = 'const answer = "<b>42</b>";';
  const text =
    `## Plan\n\n1. one\n2. **two**\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n\`\`\`js\n${code}\n` +
    "```\n\n[InsForge](https://insforge.dev) and *more*";
  await simulate(page, { text, chunk_delay_ms: 0 });
  await ask(page, "Show me everything");
  await readAnswer(page);
  const prose = page.locator(".prose");
  await prose.getByRole("heading", { name: "Plan" }).waitFor();
  assertEquals(await prose.locator("ol > li").allInnerTexts(), ["one", "two"]);
  assertEquals(await prose.locator("td").allInnerTexts(), ["1", "2"]);
  const link = prose.getByRole("link", { name: "InsForge" });
  assertEquals(await link.getAttribute("rel"), "noopener noreferrer nofollow");
  assertEquals(await copy(page, prose.locator("button")), code);
});

test("continues after the user has entered a tool's result", async ({ page, stack }) => {
  await page.getByText("Settings", { exact: true }).click();
  await page.getByLabel("Offer the tool").check();
  await ask(page, "What is the weather in Lisbon?");
  const result = page.getByLabel("Result of get_weather");
  await result.waitFor();
  assertMatch(await page.getByLabel("Arguments of get_weather").innerText(), /"city"/);
  await result.fill('{"temperature": 12}');
  await page.getByRole("button", { name: "Send the result" }).click();
  await page.locator(".turn:nth-child(3)").waitFor();
  assertGreater((await readAnswer(page)).length, 0);
  const [, called, answered] = readRequest(stack).messages;
  assertEquals(called.tool_calls![0].function.name, "get_weather");
  assertEquals([answered.role, answered.content], ["tool", '{"temperature": 12}']);
  assertEquals(answered.tool_call_id, called.tool_calls![0].id);
});

test("sends the results of parallel tool calls together", async ({ page, stack }) => {
  await simulate(page, { tool_calls: "parallel" });
  await page.getByText("Settings", { exact: true }).click();
  await page.getByLabel("Offer the tool").check();
  await ask(page, "What is the weather in Lisbon and in Oslo?");
  await page.getByRole("button", { name: "Send the result" }).waitFor();
  assertEquals(await page.getByLabel("Result of get_weather").count(), 2);
  await simulate(page, { chunk_delay_ms: 1 });
  await page.getByRole("button", { name: "Send the result" }).click();
  await page.locator(".turn:nth-child(3)").waitFor();
  await readAnswer(page);
  const roles = ["user", "assistant", "tool", "tool"];
  assertEquals(readRequest(stack).messages.map(({ role }) => role), roles);
});

test("sends images that were chosen, dropped or pasted", async ({ page, stack }) => {
  const images = page.locator("#attachments img");
  await page.locator("#attach").setInputFiles(PICTURE);
  await images.nth(0).waitFor();
  await dropFile(page, "#chat", "drop");
  await images.nth(1).waitFor();
  await dropFile(page, "#prompt", "paste");
  await images.nth(2).waitFor();
  await page.getByRole("button", { name: "Remove image 1" }).click();
  assertEquals(await images.count(), 2);
  await ask(page, "What is this?");
  await readAnswer(page);
  const [{ content }] = readRequest(stack).messages;
  assertEquals(content.map((part: { type: string }) => part.type), [
    "text",
    "image_url",
    "image_url",
  ]);
  assertEquals(content[1].image_url!.url, `data:image/png;base64,${PIXEL}`);
  assertEquals(await images.count(), 0);
});

test("keeps all images that are added at the same time", async ({ page }) => {
  await page.locator("#prompt").evaluate((element, bytes) => {
    for (const name of ["one", "two", "three"]) {
      const clipboardData = new DataTransfer();
      const picture = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
      clipboardData.items.add(new File([picture], name, { type: "image/png" }));
      element.dispatchEvent(new ClipboardEvent("paste", { bubbles: true, clipboardData }));
    }
  }, PIXEL);
  await page.locator("#attachments img").nth(2).waitFor();
});

test("rejects a file that is not an image, with a message", async ({ page }) => {
  const buffer = Buffer.from("<svg/>");
  const files = [{ name: "evil.svg", mimeType: "image/svg+xml", buffer }];
  await page.locator("#attach").setInputFiles(files);
  await page.getByText("evil.svg is not a PNG, JPEG, WebP or GIF image").waitFor();
  assertEquals(await page.getByRole("button", { name: /Remove image/ }).count(), 0);
});

test("searches and chooses a model by keyboard", async ({ page, stack }) => {
  const field = page.getByRole("combobox", { name: "Model", exact: true });
  await awaitModels(page);
  await field.focus();
  await page.keyboard.type("claude");
  const options = page.getByRole("listbox", { name: "Models" }).getByRole("option");
  await options.first().waitFor();
  for (const text of await options.allInnerTexts()) assertMatch(text, /claude[\s\S]*\$[\d.]+ in/i);
  await page.keyboard.press("Escape");
  assertEquals([await field.inputValue(), await options.count()], ["claude", 0]);
  // The first entry is an assistant; the second one a model.
  for (const key of ["ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp"]) {
    await page.keyboard.press(key);
  }
  const chosen = await field.getAttribute("aria-activedescendant");
  const model = await page.locator(`#${chosen}`).getAttribute("data-id");
  await page.keyboard.press("Enter");
  assertEquals(await field.inputValue(), model);
  await ask(page, "Who are you?");
  await readAnswer(page);
  assertEquals(readRequest(stack).model, model);
});

test("asks an assistant of the app, which is listed among the models", async ({ page, stack }) => {
  const field = page.getByRole("combobox", { name: "Model", exact: true });
  await awaitModels(page);
  await field.focus();
  await page.keyboard.type("support");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assertEquals(await field.inputValue(), "assistant/support");
  await ask(page, "Who are you?");
  await readAnswer(page);
  assertMatch(readRequest(stack).messages[0].content, /^You answer customers of a help desk/);
});

/** Records the length of the answer each time it is drawn. */
async function watchLengths(page: Page): Promise<JSHandle<number[]>> {
  return await page.evaluateHandle(`(() => {
    const lengths = [];
    new MutationObserver(() => {
      const { length } = document.querySelector(".turn:last-child .prose")?.textContent ?? "";
      if (length > 0 && length !== lengths.at(-1)) lengths.push(length);
    }).observe(document.getElementById("turns"), { childList: true, subtree: true, characterData: true });
    return lengths;
  })()`);
}

/** Drops or pastes an image on an element. */
async function dropFile(page: Page, target: string, type: "drop" | "paste"): Promise<void> {
  await page.locator(target).evaluate((element, [type, bytes]) => {
    const data = new DataTransfer();
    const picture = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
    data.items.add(new File([picture], "pixel.png", { type: "image/png" }));
    const [Kind, key] = type === "drop"
      ? [DragEvent, "dataTransfer"]
      : [ClipboardEvent, "clipboardData"];
    const init = { bubbles: true, cancelable: true, [key]: data };
    element.dispatchEvent(new Kind(type, init));
  }, [type, PIXEL] as const);
}

test("answers each suggestion with a list, a table or code", async ({ page }) => {
  const expected = {
    "Explain row-level security": "ol",
    "Compare three ways": "table",
    "Write a TypeScript": ".code .kwd",
  };
  for (const [suggestion, selector] of Object.entries(expected)) {
    await page.getByRole("button", { name: suggestion }).click();
    await readAnswer(page);
    assert(await page.locator(`.turn:last-child .prose ${selector}`).count() > 0, suggestion);
    await page.getByRole("button", { name: "New chat" }).click();
  }
});

test("keeps the words of a table whole at 360 pixels", async ({ page }) => {
  const text = "| Kind | Good for | Weak at |\n| --- | --- | --- |\n" +
    "| PostgreSQL | thousands of documents | distributed infrastructure |";
  await simulate(page, { text, chunk_delay_ms: 0 });
  await ask(page, "Compare");
  await readAnswer(page);
  const broken = await page.locator(".turn:last-child td").evaluateAll((cells) =>
    cells.flatMap((cell) => {
      const text = cell.firstChild as Text;
      return [...text.data.matchAll(/\S+/g)].filter(({ 0: word, index }) => {
        const range = document.createRange();
        range.setStart(text, index);
        range.setEnd(text, index + word.length);
        return range.getClientRects().length > 1;
      }).map(([word]) => word);
    })
  );
  assertEquals(broken, []);
}, { viewport: { width: 360, height: 740 } });

test("copies a whole answer as Markdown", async ({ page }) => {
  await simulate(page, { text: "**Bold** words\n\n- one", chunk_delay_ms: 0 });
  await ask(page, "Hello");
  await readAnswer(page);
  const button = page.getByRole("button", { name: "Copy answer" });
  assertEquals(await copy(page, button), "**Bold** words\n\n- one");
});

test("separates the header of the chat by a line once it is scrolled", async ({ page }) => {
  await simulate(page, { text: "word\n\n".repeat(100), chunk_delay_ms: 0 });
  const head = page.locator("#chat-head");
  const readEdge = () => head.evaluate((head) => getComputedStyle(head).borderBottomColor);
  const before = await readEdge();
  await ask(page, "Hello");
  await readAnswer(page);
  await page.locator("#chat-head.scrolled").waitFor();
  assertNotEquals(await readEdge(), before);
});
