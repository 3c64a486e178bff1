/** The example apps, as their readers start them, against the local stack, in Chromium. */
import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { startChromium } from "../../tools/chromium.ts";
import { DEMO_USERS } from "../../tools/local/insforge/demo.ts";
import { startStack } from "../../tools/local/stack.ts";
import { packOnce } from "../pack/tarball.ts";
import { mayRunChromium } from "../support/programs.ts";

const PROGRAM = fileURLToPath(new URL("example_app.ts", import.meta.url));
const EXAMPLES = new URL("../../examples/", import.meta.url);
const MAX_LINES = 200;
console.log = () => {}; // the functions' log lines

/** Steps in the page. To install and build takes much longer. */
const DEADLINE_MS = 20_000;

Deno.test({
  name: "the example apps in Chromium",
  ignore: !mayRunChromium,
  timeout: 400_000,
  sanitizeOps: false, // the connection to the browser works between steps
  sanitizeResources: false,
}, async (t) => {
  await using stack = await startStack({ get: (name) => STACK[name] });
  await using chromium = await startChromium();
  const anonKey = stack.insforge!.secrets.ANON_KEY!;
  const [user] = DEMO_USERS;
  assert(user);

  const variables = {
    VITE_INSFORGE_URL: stack.insforgeUrl,
    VITE_INSFORGE_ANON_KEY: anonKey,
    VITE_FUNCTIONS_URL: stack.functionsUrl,
    NEXT_PUBLIC_INSFORGE_URL: stack.insforgeUrl,
    NEXT_PUBLIC_INSFORGE_ANON_KEY: anonKey,
    FUNCTIONS_URL: stack.functionsUrl,
  };
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", PROGRAM, await packOnce(), JSON.stringify(variables)],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  await using _apps = {
    async [Symbol.asyncDispose]() {
      await process.stdin.close();
      await process.status;
    },
  };
  const lines = createInterface({ input: Readable.from(process.stdout) })[
    Symbol.asyncIterator
  ]();

  /** Waits until the next example is served, and signs in. */
  async function open(example: string): Promise<Page> {
    const { value = "" } = await lines.next();
    const [name, url] = value.split(" ");
    assertEquals(name, example, "the example did not start");
    const page = await chromium.browser.newPage();
    page.setDefaultTimeout(DEADLINE_MS);
    await page.goto(url!);
    await page.getByPlaceholder("Email").fill(user!.email);
    await page.getByPlaceholder("Password").fill(user!.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    return page;
  }

  await t.step("vite-react has fewer than 200 lines", async () => {
    const lines = await countLines(new URL("vite-react/", EXAMPLES));
    assertLess(lines, MAX_LINES);
  });

  await t.step("vite-react signs in, chats, summarizes own rows, draws, shows usage", async () => {
    const page = await open("vite-react");
    await page.getByPlaceholder("Ask something").fill("Three names for a bakery?");
    await page.getByRole("button", { name: "Send" }).click();
    await page.locator("p.assistant", { hasText: /\w{3}/ }).waitFor();
    await page.getByRole("button", { name: "Send" }).waitFor(); // the answer is complete

    const tickets = page.getByRole("region", { name: "Tickets" });
    await tickets.getByRole("button").click();
    await tickets.locator("p", { hasText: /\w{3}/ }).waitFor();

    await page.getByRole("button", { name: "Draw" }).click();
    const image = page.getByRole("img", { name: "A lighthouse at dawn" });
    await image.waitFor();
    assertMatch(await image.getAttribute("src") ?? "", /^(data:image\/|https?:)/);

    const usage = page.getByRole("region", { name: "Usage" });
    await usage.getByRole("button").click();
    await usage.getByText(/^[1-9]\d* requests today, 0\.\d+ USD$/).waitFor();
    assertEquals(await page.getByRole("alert").count(), 0);
  });

  await t.step("nextjs answers { prompt } with { text }, and refuses strangers", async () => {
    const page = await open("nextjs");
    await page.getByPlaceholder("Ask something").fill("Three names for a bakery?");
    await page.getByRole("button", { name: "Send" }).click();
    await page.locator("p", { hasText: /\w{3}/ }).waitFor();

    const options = { method: "POST", body: JSON.stringify({ prompt: "Hello" }) };
    const response = await fetch(new URL("/api/chat", page.url()), options);
    assertEquals(response.status, 401);
    assertEquals(Object.keys(await response.json()), ["error"]);
  });
});

/** The embedded InsForge and the simulated OpenRouter, on free ports. */
const STACK: Record<string, string> = { PORT: "0", INSFORGE_PORT: "0", OPENROUTER_PORT: "0" };

async function countLines(folder: URL): Promise<number> {
  let lines = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory && name === "src") lines += await countLines(new URL(`${name}/`, folder));
    if (!/\.(tsx?|html)$/.test(name)) continue;
    lines += (await Deno.readTextFile(new URL(name, folder))).split("\n").length - 1;
  }
  return lines;
}
