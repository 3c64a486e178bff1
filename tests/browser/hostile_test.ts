/** Text of a model, a row or an error is shown and never executed. */
import { assertEquals, assertGreater } from "@std/assert";
import type { Page } from "playwright-core";
import { ask, awaitModels, readAnswer, simulate } from "./chatting.ts";
import { HOSTILE_ANSWERS } from "./hostile_answers.ts";
import { createVisits, openTab } from "./visits.ts";

const test = createVisits();
const RUN = "trap()";
const TAG = `<img src=x onerror=${RUN}><script>${RUN}</script>`;

test("shows hostile answers without running them", async ({ page }) => {
  await setTrap(page);
  for (const [name, text] of Object.entries(HOSTILE_ANSWERS)) {
    await simulate(page, { text, chunk_delay_ms: 0 });
    await page.getByRole("button", { name: "New chat" }).click();
    await ask(page, "Go");
    await readAnswer(page);
    assertEquals(await page.locator(".turn .failure").count(), 0, name);
    await assertHarmless(page, name);
  }
});

test("shows hostile answers without running them, split at any character", async ({ page }) => {
  await setTrap(page);
  const found = await page.evaluate(`(async () => {
    const findHarm = ${findHarm};
    const { showMarkdown } = await import("/client/playground/markdown.ts");
    const target = document.createElement("div");
    document.getElementById("turns").append(target);
    const found = [];
    for (const text of ${JSON.stringify(Object.values(HOSTILE_ANSWERS))}) {
      for (let end = 1; end <= Math.min(text.length, 1000); end++) {
        showMarkdown(target, text.slice(0, end));
        found.push(...findHarm("#turns"));
      }
      await new Promise((resolve) => setTimeout(resolve));
    }
    return found;
  })()`);
  assertEquals(found, []);
});

test("shows hostile reasoning, sources, images, tools and model names without running them", async ({ page }) => {
  await setTrap(page);
  await page.route(
    "**/stream",
    (route) => route.fulfill({ contentType: "text/event-stream", body: createHostileStream() }),
  );
  await ask(page, "Go");
  await page.getByRole("button", { name: "Send the result" }).waitFor();
  await page.getByText("Reasoning", { exact: true }).click();
  assertGreater(await page.locator(".sources li").count(), 3);
  await assertHarmless(page, "the parts of an answer");
});

test("shows hostile errors without running them, before and after the first byte", async ({ page, expectComplaint }) => {
  expectComplaint(/status of 400 /);
  await setTrap(page);
  for (const simulation of [{ status: 400 }, { fail: "event", after: 2 }] as const) {
    await simulate(page, { ...simulation, message: TAG, chunk_delay_ms: 0 });
    await ask(page, "Go");
    await readAnswer(page);
    assertEquals(await page.locator(".turn:last-child .failure").count(), 1);
    await assertHarmless(page, "an error");
  }
});

test("shows hostile rows and their summary without running them", async ({ page, stack }) => {
  await stack.insforge!.sql(`
    create table hostile (id int, "${TAG.replaceAll('"', '""')}" text, link text);
    alter table hostile enable row level security;
    create policy everyone on hostile for all to authenticated using (true);
    grant select on hostile to authenticated;
  `);
  const rows = Object.values(HOSTILE_ANSWERS).filter((text) => !text.includes("\0"));
  for (const text of rows) {
    await stack.insforge!.sql("insert into hostile values (1, $1, $2)", [
      text.toWellFormed(),
      `javascript:${RUN}`,
    ]);
  }
  await setTrap(page);
  await simulate(page, { text: rows[0], chunk_delay_ms: 0 }, "summarize-records");
  await page.getByLabel("Table").fill("hostile");
  await page.getByRole("button", { name: "Show rows" }).click();
  await page.getByText(`Rows 1–20 of ${rows.length} of hostile`).waitFor();
  await assertHarmless(page, "rows");
  await page.getByRole("button", { name: "Summarize" }).click();
  await page.locator('#summary .answer[aria-busy="false"]').waitFor();
  await assertHarmless(page, "a summary");
}, { tab: "records" });

test("shows hostile models, lines and images without running them", async ({ page }) => {
  await setTrap(page);
  const model = { id: TAG, name: TAG, pricing: { prompt: TAG }, architecture: {} };
  await page.route("**/v1/models", (route) => route.fulfill({ json: { data: [model] } }));
  await page.reload();
  await awaitModels(page);
  const field = page.getByRole("combobox", { name: "Model", exact: true });
  await field.fill("<");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assertEquals(await field.inputValue(), TAG);
  await assertHarmless(page, "a model");

  await openTab(page, "Embeddings");
  await page.getByLabel("Lines").fill([TAG, `javascript:${RUN}`].join("\n"));
  await page.getByRole("button", { name: "Compare" }).click();
  await page.getByRole("region", { name: "Similarity" }).waitFor();
  await assertHarmless(page, "a heat map");

  await openTab(page, "Images");
  const images = [
    { data_url: `data:text/html,${TAG}`, media_type: `text/html"${TAG}` },
    { data_url: `javascript:${RUN}`, media_type: "image/png" },
  ];
  const json = { images, text: TAG, model: TAG, usage: {} };
  await page.route("**/image-gen", (route) => route.fulfill({ json }));
  await page.getByRole("button", { name: "Draw" }).click();
  await page.locator("#drawings figure").first().waitFor();
  await assertHarmless(page, "a picture");
});

/** Defines the function that hostile texts call. A call logs an error, which fails the test. */
async function setTrap(page: Page): Promise<void> {
  const set = 'globalThis.trap = () => console.error("A hostile text ran")';
  await page.addInitScript(set);
  await page.evaluate(set);
  page.on("request", (request) => {
    if (request.url().includes("/evil")) void page.evaluate("trap()");
  });
  page.on("framenavigated", (frame) => {
    const isHome = frame === page.mainFrame() && new URL(frame.url()).pathname === "/";
    if (!isHome) void page.evaluate("trap()");
  });
}

/** Searches everything that the page shows for dangerous elements. */
async function assertHarmless(page: Page, name: string): Promise<void> {
  const made =
    "#turns, #summary, #rows, #similarity, #drawings, .picker, #announcement, #inspector";
  assertEquals(await page.evaluate(findHarm, made), [], name);
}

/** Runs in the page: lists the dangerous elements, attributes and URLs below some elements. */
function findHarm(roots: string): string[] {
  const elements =
    /^(script|style|link|meta|base|iframe|frame|object|embed|applet|svg|math|template|form|video|audio|source|picture|map|area|marquee|noscript|title|body|isindex)$/;
  const attributes = /^(on.*|style|srcdoc|srcset|formaction|action|background|poster|ping)$/;
  return [...document.querySelectorAll(roots)].flatMap((root) => {
    return [...root.querySelectorAll("*")].flatMap((element) => {
      const found: string[] = [];
      // Created by the page itself: the form of a tool's result, and the colours of the heat map.
      const isOurs = element.matches("form.calls");
      if (elements.test(element.localName) && !isOurs) found.push(`<${element.localName}>`);
      for (const { name, value } of element.attributes) {
        const isColour = name === "style" && element.matches(".heat td");
        if (attributes.test(name) && !isColour) found.push(`${name}="${value}"`);
      }
      if (element instanceof HTMLImageElement && !/^(data:image\/|blob:|$)/.test(element.src)) {
        found.push(`an image at ${element.src}`);
      }
      if (element instanceof HTMLAnchorElement) {
        const isDownload = element.hasAttribute("download");
        const allowed = isDownload ? /^(data:image\/|blob:|$)/ : /^(https?:|mailto:)/;
        if (!allowed.test(element.href)) found.push(`a link to ${element.href}`);
        const isBare = element.rel !== "noopener noreferrer nofollow";
        if (isBare && !isDownload) found.push(`rel="${element.rel}"`);
      }
      return found;
    });
  });
}

/** A stream in which every part is hostile. */
function createHostileStream(): string {
  const url = (url: string, title: string) => ({
    type: "url_citation",
    url_citation: { url, title },
  });
  const events = [
    { reasoning: TAG, reasoning_details: [{ type: "reasoning.text", text: TAG }] },
    { content: TAG },
    {
      images: [
        "javascript:trap()",
        "https://evil.example/evil.png",
        `data:text/html,${TAG}`,
        "data:image/svg+xml,<svg onload=trap()>",
      ].map((url) => ({ type: "image_url", image_url: { url } })),
    },
    {
      annotations: [
        url(`javascript:${RUN}`, TAG),
        url("https://example.org/", TAG),
        url("data:text/html,x", ""),
        url(TAG, TAG),
        { type: "file", file: { name: TAG } },
      ],
    },
    {
      tool_calls: [{
        ...{ index: 0, id: TAG, type: "function" },
        function: { name: TAG, arguments: JSON.stringify({ [TAG]: TAG }) },
      }],
    },
  ];
  const chunk = (delta: unknown, finish_reason: string | null = null, rest = {}) =>
    `data: ${
      JSON.stringify({
        id: TAG,
        object: "chat.completion.chunk",
        model: TAG,
        provider: TAG,
        choices: [{ index: 0, delta, finish_reason }],
        ...rest,
      })
    }\n\n`;
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2, cost: 0.1 };
  return events.map((delta) => chunk(delta)).join("") +
    chunk({}, "tool_calls", { usage }) + "data: [DONE]\n\n";
}
