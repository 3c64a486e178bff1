/// <reference lib="dom" />
/** What the page shows of the wire: the request as code that works when copied, and the bytes. */
import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import type { Page } from "playwright-core";
import { createAiClient } from "../../client/mod.ts";
import { ask, readAnswer, readRequest, simulate } from "./chatting.ts";
import { copy, createVisits, openTab } from "./visits.ts";

const test = createVisits();
type Run = (...values: unknown[]) => Promise<unknown>;
const AsyncFunction = (async () => {}).constructor as new (...code: string[]) => Run;
/** Hard to quote, in a shell as in JavaScript. */
const PROMPT = `Say "it's" $HOME \`date\` \\ and é 🌍`;

test("the copied curl works in a shell", async ({ page }) => {
  await page.getByLabel("Message").fill(PROMPT);
  const curl = await copyCode(page, "curl");
  assertMatch(curl, /^curl -N 'http:\/\/127\.0\.0\.1:\d+\/stream'/);
  const output = await runInShell(curl, await readToken(page));
  assertStringIncludes(output, "data: {");
  assertMatch(output, /data: \[DONE\]\s*$/);
});

test("the copied fetch and client code work", async ({ page, stack }) => {
  const token = await readToken(page);
  await page.getByLabel("Message").fill(PROMPT);
  const output = { textContent: "" };
  const fetchCode = await copyCode(page, "fetch");
  const response = await new AsyncFunction("$TOKEN", `${fetchCode}\nreturn response;`)(token);
  assertMatch(await (response as Response).text(), /data: \[DONE\]\n\n$/);
  assertEquals(readRequest(stack).messages[0].content, PROMPT);

  const client = (await copyCode(page, "Client")).replace(/^import .*/, "");
  await new AsyncFunction("$TOKEN", "createAiClient", "output", client)(
    token,
    createAiClient,
    output,
  );
  assertGreater(output.textContent.length, 0);
  assertEquals(readRequest(stack).messages[0].content, PROMPT);
});

test("every tab's code works as it is copied, and never holds the token", async ({ page }) => {
  const token = await readToken(page);
  const slugs = {
    Records: "summarize-records",
    Embeddings: "embeddings",
    Images: "image-gen",
    Usage: "usage",
  };
  for (const [tab, slug] of Object.entries(slugs)) {
    await openTab(page, tab);
    await page.locator("#code", { hasText: `/${slug}` }).waitFor();
    const choices = await page.locator("#request-choice option").count();
    for (let index = 0; index < Math.max(1, choices); index++) {
      if (choices > 1) await page.getByLabel("Which request").selectOption({ index });
      const code = await copyCode(page, "fetch");
      assert(!code.includes(token) && code.includes("$TOKEN"), tab);
      const response = await new AsyncFunction("$TOKEN", `${code}\nreturn response;`)(
        token,
      ) as Response;
      assertEquals(response.status, 200, `${tab}: ${code}`);
      assertGreater((await response.text()).length, 2);
    }
  }
});

test("the raw answer is the bytes as they came", async ({ page }) => {
  await page.locator("#raw-details > summary").click();
  let bytes = "";
  await page.route("**/stream", async (route) => {
    const simulate = { text: "Grüße 🌍, <b>words</b>", chop: 5 };
    const body = { ...route.request().postDataJSON(), simulate };
    const response = await route.fetch({ postData: JSON.stringify(body) });
    bytes = await response.text();
    await route.fulfill({ response, body: bytes });
  });
  await ask(page, "Hello");
  await readAnswer(page);
  assertMatch(bytes, /data: \[DONE\]\n\n$/);
  await page.locator("#raw", { hasText: "[DONE]" }).waitFor();
  assertEquals(await page.locator("#raw").textContent(), bytes);
  assertStringIncludes(await page.locator("#raw-head").innerText(), "200 text/event-stream");
});

test("the raw answer is of one request, whatever else still comes", async ({ page }) => {
  await simulate(page, { text: "word ".repeat(400), chunk_delay_ms: 20 });
  await page.locator("#raw-details > summary").click();
  await ask(page, "Write on");
  await page.locator("#raw", { hasText: "word" }).waitFor();
  await openTab(page, "Usage");
  await page.locator("#account-usage").getByText("Today").waitFor();
  await openTab(page, "Chat");
  const { length } = await page.locator(".turn:last-child .prose").innerText();
  await page.waitForFunction(
    (length) => document.querySelector(".turn:last-child .prose")!.textContent.length > length,
    length,
  );
  JSON.parse((await page.locator("#raw").textContent())!);
});

test("the copied curl works in a shell however large the request is", async ({ page, stack }) => {
  const text = "It's $HOME `date` \\ ".repeat(20_000);
  await page.getByLabel("System prompt").evaluate((field: HTMLInputElement, text) => {
    field.value = text;
  }, text);
  await page.getByLabel("Message").fill("Hello");
  const output = await runInShell(await copyCode(page, "curl"), await readToken(page));
  assertMatch(output, /data: \[DONE\]\s*$/);
  assertEquals(readRequest(stack).messages[0].content, text.trim());
});

/** What the button gives for one of the three ways to write the request. */
async function copyCode(page: Page, form: "curl" | "fetch" | "Client"): Promise<string> {
  await page.getByRole("tab", { name: form, exact: true }).click();
  return await copy(page, page.locator("#copy-code"));
}

async function readToken(page: Page): Promise<string> {
  return await page.evaluate(() =>
    JSON.parse(sessionStorage.getItem("playground.session")!).accessToken
  );
}

/** As a user would, in a real shell: tests may not run one, but a Deno of their own may. */
async function runInShell(code: string, TOKEN: string): Promise<string> {
  const run = `
    const shell = new Deno.Command("sh", { stdin: "inherit", env: { TOKEN: Deno.args[0] } });
    await Deno.stdout.write((await shell.output()).stdout);
  `;
  const args = ["eval", "--no-config", run, TOKEN];
  const command = new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "piped" });
  const shell = command.spawn();
  const writer = shell.stdin.getWriter();
  await writer.write(new TextEncoder().encode(code));
  await writer.close();
  const { stdout } = await shell.output();
  return new TextDecoder().decode(stdout);
}
