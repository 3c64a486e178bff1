/// <reference lib="dom" />
/** The pane with the traffic: the request as code that works when copied, and the raw response. */
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
/** Text that is hard to quote, in a shell and in JavaScript. */
const PROMPT = `Say "it's" $HOME \`date\` \\ and é 🌍`;

test("copies a curl command that works in a shell", async ({ page }) => {
  await page.getByLabel("Message").fill(PROMPT);
  const curl = await copyCode(page, "curl");
  assertMatch(curl, /^curl -sN 'http:\/\/127\.0\.0\.1:\d+\/stream'/);
  const output = await runInShell(curl, await readToken(page));
  assertStringIncludes(output, "data: {");
  assertMatch(output, /data: \[DONE\]\s*$/);
});

test("copies fetch and client code that works", async ({ page, stack }) => {
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

test("copies code that works on every tab, without the token", async ({ page }) => {
  const token = await readToken(page);
  const slugs = {
    Records: "summarize-records",
    Embeddings: "embeddings",
    Images: "image-gen",
    Usage: "usage",
    Connect: "connect",
  };
  for (const [tab, slug] of Object.entries(slugs)) {
    await openTab(page, tab);
    await page.locator("#code", { hasText: `/${slug}` }).waitFor();
    const choices = await page.locator("#request-choice option").count();
    for (let index = 0; index < Math.max(1, choices); index++) {
      if (choices > 1) await page.getByLabel("Request to show").selectOption({ index });
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

test("shows the request that was sent until a field changes", async ({ page }) => {
  const state = page.locator("#request-state");
  await state.getByText("not sent yet").waitFor();
  await ask(page, "Name a colour");
  await readAnswer(page);
  await state.getByText("sent", { exact: true }).waitFor();
  const sent = await copyCode(page, "curl");
  assertStringIncludes(sent, '      "content": "Name a colour"\n');
  assertEquals(sent.split('"role"').length, 2, "only the message that was sent");
  await page.getByLabel("Message").fill("And another");
  await state.getByText("not sent yet").waitFor();
  const next = await copyCode(page, "curl");
  assertStringIncludes(next, "And another");
  assertEquals(next.split('"role"').length, 4, "the whole conversation");
});

test("highlights the request and keeps its text", async ({ page }) => {
  await page.getByLabel("Message").fill("Name a colour");
  for (const form of ["curl", "fetch", "Client"] as const) {
    const copied = await copyCode(page, form);
    assertEquals(await page.locator("#code").textContent(), copied);
    assertGreater(await page.locator("#code .str").count(), 2);
  }
});

test("shows the raw bytes of the response", async ({ page }) => {
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

test("shows the raw bytes of the newest response only", async ({ page }) => {
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

test("copies a curl command that works with a large request", async ({ page, stack }) => {
  const text = "It's $HOME `date` \\ ".repeat(20_000);
  await page.getByLabel("System prompt").evaluate((field: HTMLInputElement, text) => {
    field.value = text;
  }, text);
  await page.getByLabel("Message").fill("Hello");
  const output = await runInShell(await copyCode(page, "curl"), await readToken(page));
  assertMatch(output, /data: \[DONE\]\s*$/);
  assertEquals(readRequest(stack).messages[0].content, text.trim());
});

/** Copies the request in one of its three forms. */
async function copyCode(page: Page, form: "curl" | "fetch" | "Client"): Promise<string> {
  await page.getByRole("tab", { name: form, exact: true }).click();
  return await copy(page, page.locator("#copy-code"));
}

async function readToken(page: Page): Promise<string> {
  return await page.evaluate(() =>
    JSON.parse(sessionStorage.getItem("playground.session")!).accessToken
  );
}

/** Runs code in a real shell. Tests may not start one, but may start a Deno that does. */
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
