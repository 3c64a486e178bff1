/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** Opens the playground in Chromium, against a local stack. */
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
/** The deadline of every wait for the page. */
const PATIENCE_MS = 30_000;

const ignore = !mayRunChromium;
if (ignore) console.warn("No Chromium here (Debian's package chromium): its tests are left out");

/** The first demo user, who is signed in unless a test says otherwise. */
export const [DEMO, SECOND] = DEMO_USERS;

/** One visit: a page in a fresh browser context, and the stack that serves it. */
export interface Visit {
  page: Page;
  context: BrowserContext;
  stack: Stack;
  /**
   * Declares an expected error, such as the line that a browser logs for every status above 399. The
   * test fails when it does not occur, and on every other error.
   */
  expectComplaint(pattern: RegExp): void;
}

/** The start of a visit. */
export interface VisitOptions extends BrowserContextOptions {
  /** The signed-in user; by default the first demo user. */
  as?: "demo" | "second" | "signed out";
  /** The open tab; by default the chat. */
  tab?: string;
}

/**
 * Returns a function that registers tests of the playground. The tests of one file share a stack and
 * a browser.
 *
 * Unless a test expects it, it fails when the page logs or throws an error, breaks its
 * Content-Security-Policy, requests another host than 127.0.0.1, or opens a dialog or a window.
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
      // The connection to the browser stays open, and active, between the tests of a file.
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
          if (as !== "signed out") await signIn(page, as);
          // Streams need no pauses here. Set late, because a route slows the loading of the page.
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

/** Signs a demo user in and waits for the workbench. */
export async function signIn(page: Page, as: "demo" | "second"): Promise<void> {
  await page.getByRole("button", { name: as === "demo" ? "Demo user" : "Second user" }).click();
  await page.locator("#workbench").waitFor();
}

/** Opens a tab. */
export async function openTab(page: Page, name: string): Promise<void> {
  await page.getByRole("tab", { name, exact: true }).click();
  await page.getByRole("tabpanel", { name, exact: true }).waitFor();
}

/** Clicks a copy button, waits for its confirmation, and returns the copied text. */
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
