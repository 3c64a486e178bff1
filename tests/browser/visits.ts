/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** The playground as somebody who opens it in a browser finds it. */
import { assertEquals } from "@std/assert";
import type {
  Browser,
  BrowserContext,
  BrowserContextOptions,
  Locator,
  Page,
} from "playwright-core";
import { startChromium } from "../../tools/chromium.ts";
import { DEMO_USERS } from "../../tools/local/insforge/demo.ts";
import { type Stack, startStack } from "../../tools/local/stack.ts";
import { mayRunChromium } from "../support/programs.ts";
import { simulate } from "./chatting.ts";

const ANY_PORT: Record<string, string> = { PORT: "0", INSFORGE_PORT: "0", OPENROUTER_PORT: "0" };
/** How long anything on the page may take before a test gives it up. */
const PATIENCE_MS = 30_000;

const ignore = !mayRunChromium;
if (ignore) console.warn("No Chromium here (Debian's package chromium): its tests are left out");

/** The first demo user, who is signed in unless a test says otherwise. */
export const [DEMO, SECOND] = DEMO_USERS;

/** One visit: a page of a browser that knows nothing yet, and the stack that it is of. */
export interface Visit {
  page: Page;
  context: BrowserContext;
  stack: Stack;
  /**
   * Says that a complaint must come, such as the line that a browser logs about every status above
   * 399. Any other fails the test.
   */
  expectComplaint(pattern: RegExp): void;
}

/** How a visit begins. */
export interface VisitOptions extends BrowserContextOptions {
  /** Who is signed in; the first demo user unless given. */
  as?: "demo" | "second" | "nobody";
  /** The tab in front; the chat unless given. */
  tab?: string;
}

/**
 * Gives a way to register tests that visit the playground, all of one file with one stack and one
 * browser.
 *
 * A test fails when the page logs an error, throws one, breaks its Content-Security-Policy, asks any
 * host but 127.0.0.1, opens a dialog or a window, unless it has said that this must be.
 */
export function createVisits(): (
  sentence: string,
  body: (visit: Visit) => Promise<void>,
  options?: VisitOptions,
) => void {
  let started: AsyncDisposableStack | undefined;
  let stack: Stack;
  let browser: Browser;
  Deno.test.afterAll(() => started?.disposeAsync());

  async function start(): Promise<void> {
    started = new AsyncDisposableStack();
    console.log = () => {}; // one line per request
    stack = started.use(await startStack({ get: (name) => ANY_PORT[name] }));
    ({ browser } = started.use(await startChromium()));
  }

  return (sentence, body, { as = "demo", tab = "chat", ...options } = {}) =>
    Deno.test({
      name: sentence,
      ignore,
      // The connection to the browser lives as long as the file, and works between tests, too.
      ...{ sanitizeOps: false, sanitizeResources: false },
      async fn() {
        if (!started) await start();
        const context = await browser.newContext({
          ...{ baseURL: stack.functionsUrl, permissions: ["clipboard-read", "clipboard-write"] },
          ...options,
        });
        try {
          context.setDefaultTimeout(PATIENCE_MS);
          const page = await context.newPage();
          const complaints = collectComplaints(context, page);
          const expected: RegExp[] = [];
          await page.goto(`/#${tab}`);
          if (as !== "nobody") await signIn(page, as);
          // Nobody has to read along. Not earlier: a route has every file of the page pass through here.
          await simulate(page, { chunk_delay_ms: 1 });
          const expectComplaint = (pattern: RegExp) => void expected.push(pattern);
          await body({ page, context, stack, expectComplaint });
          const hasCome = (one: RegExp) => complaints.some((complaint) => one.test(complaint));
          const haveCome = () => expected.every(hasCome);
          if (!haveCome()) await context.waitForEvent("console", haveCome).catch(() => {});
          const isExpected = (complaint: string) => expected.some((one) => one.test(complaint));
          assertEquals(complaints.filter((complaint) => !isExpected(complaint)), []);
          assertEquals(expected.filter((one) => !hasCome(one)), []);
        } finally {
          await context.close();
        }
      },
    });
}

/** Signs in with one click, and waits for the workbench. */
export async function signIn(page: Page, as: "demo" | "second"): Promise<void> {
  await page.getByRole("button", { name: as === "demo" ? "Demo user" : "Second user" }).click();
  await page.locator("#workbench").waitFor();
}

/** Brings a tab to the front. */
export async function openTab(page: Page, name: string): Promise<void> {
  await page.getByRole("tab", { name, exact: true }).click();
  await page.getByRole("tabpanel", { name, exact: true }).waitFor();
}

/** Presses a button that copies, and reads what it has copied once it says so, however briefly. */
export async function copy(page: Page, button: Locator): Promise<string> {
  const said = await button.evaluateHandle((button) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    new MutationObserver(() => button.textContent === "Copied" && resolve())
      .observe(button, { childList: true });
    return { promise };
  });
  await button.click();
  await said.evaluate(({ promise }) => promise);
  return await page.evaluate(() => navigator.clipboard.readText());
}

function collectComplaints(context: BrowserContext, page: Page): string[] {
  const complaints: string[] = [];
  const complain = (kind: string, text: string) => void complaints.push(`${kind}: ${text}`);
  context.on("console", (message) => {
    if (message.type() !== "error") return;
    complain("console", `${message.text()} (${message.location().url})`);
  });
  context.on("weberror", (error) => complain("page", String(error.error())));
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (/^(data|blob):$/.test(url.protocol) || url.hostname === "127.0.0.1") return;
    complain("request", request.url());
  });
  context.on("dialog", async (dialog) => {
    complain("dialog", dialog.message());
    await dialog.dismiss();
  });
  page.on("popup", (popup) => complain("window", popup.url()));
  return complaints;
}
