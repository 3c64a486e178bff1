/// <reference lib="dom" />
/** `deno task screenshots`: takes the pictures of the playground in `docs/`, with invented answers. */
import type { BrowserContextOptions, Page } from "playwright-core";
import { startChromium } from "./chromium.ts";
import type { Simulation } from "./local/openrouter/mod.ts";
import { startStack } from "./local/stack.ts";

const ANY_PORT: Record<string, string> = { PORT: "0", INSFORGE_PORT: "0", OPENROUTER_PORT: "0" };
/** The URL and the day that the pictures show, whatever the port and the date. */
const SHOWN_URL = "http://127.0.0.1:8000";
const SHOWN_DAY = "2026-03-02 09:00Z";
const DESKTOP = { viewport: { width: 1180, height: 850 }, deviceScaleFactor: 1.2 };
const PHONE = { viewport: { width: 390, height: 780 }, deviceScaleFactor: 2, isMobile: true };

const QUESTION = "How do I keep one customer's rows away from another's?";
const ANSWER = `With **row-level security** a row that no policy allows is not there:

\`\`\`sql
create policy own_tickets on tickets
  for select to authenticated
  using (owner = auth.uid());
\`\`\`

| Where it is checked | A forgotten filter shows |
| --- | --- |
| in each query of the app | other people's data |
| in the database | **nothing** more |`;
const LINES = [
  "Please refund my last order",
  "I want a refund for my order",
  "The app crashes at every start",
  "My app crashes since the last update",
  "Where is my last order?",
];

/** A picture: how to open the page, and what to do before the picture is taken. */
interface Picture {
  options: BrowserContextOptions;
  tab?: string;
  prepare(page: Page): Promise<void>;
}

const PICTURES: Record<string, Picture> = {
  "playground-light": { options: DESKTOP, prepare: chat },
  "playground-dark": { options: { ...DESKTOP, colorScheme: "dark" }, prepare: chat },
  "playground-phone": { options: PHONE, prepare: chat },
  "playground-records": {
    options: DESKTOP,
    tab: "records",
    async prepare(page) {
      await page.getByLabel("Instructions").fill("What should we fix first?");
      await page.getByRole("button", { name: "Summarize" }).click();
      await page.locator('#summary .answer[aria-busy="false"]').waitFor();
      await page.locator("#rows table").waitFor();
    },
  },
  "playground-embeddings": {
    options: DESKTOP,
    tab: "embeddings",
    async prepare(page) {
      await page.getByLabel("Lines").fill(LINES.join("\n"));
      await page.getByRole("button", { name: "Compare" }).click();
      await page.getByRole("region", { name: "Similarity" }).waitFor();
    },
  },
  "playground-error": {
    options: DESKTOP,
    async prepare(page) {
      await simulate(page, { status: 429, retry_after: 30 });
      await ask(page);
      await page.locator(".failure").waitFor();
    },
  },
};

const print = console.log;
console.log = () => {}; // The functions log one line per request.

await using stack = await startStack({ get: (name) => ANY_PORT[name] });
await using chromium = await startChromium();
await stack.insforge!.sql(
  "update support_tickets set created_at = $1::timestamptz - (now() - created_at)",
  [SHOWN_DAY],
);
await Deno.mkdir("docs", { recursive: true });
for (const [name, picture] of Object.entries(PICTURES)) await take(name, picture);
await takeReference();

async function take(name: string, { options, tab = "chat", prepare }: Picture): Promise<void> {
  await using context = await chromium.browser.newContext({ reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  await page.goto(`${stack.functionsUrl}/#${tab}`);
  await page.getByRole("button", { name: "Demo user" }).click();
  await page.locator("#workbench").waitFor();
  await prepare(page);
  await page.evaluate(({ url, shown }) => {
    const code = document.getElementById("code")!;
    const texts = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const { currentNode: text } = texts;
      text.textContent = text.textContent!.replaceAll(url, shown);
    }
    // A picture needs no mark of the focus.
    (document.activeElement as HTMLElement | null)?.blur();
    scrollTo(0, 0);
  }, { url: stack.functionsUrl, shown: SHOWN_URL });
  await save(page, name);
}

/** Takes the picture of the API reference. */
async function takeReference(): Promise<void> {
  await using context = await chromium.browser.newContext(DESKTOP);
  const page = await context.newPage();
  await page.goto(`${stack.functionsUrl}/docs`);
  await page.locator(".opblock").first().waitFor();
  await save(page, "reference");
}

async function save(page: Page, name: string): Promise<void> {
  const bytes = await page.screenshot();
  await Deno.writeFile(`docs/${name}.png`, bytes);
  print(`docs/${name}.png  ${Math.round(bytes.length / 1_000)} KB`);
}

async function chat(page: Page): Promise<void> {
  await simulate(page, { text: ANSWER, chunk_delay_ms: 0 });
  await ask(page);
}

async function ask(page: Page): Promise<void> {
  await page.getByLabel("Message").fill(QUESTION);
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await page.locator('.answer[aria-busy="false"]').waitFor();
}

async function simulate(page: Page, simulate: Simulation): Promise<void> {
  await page.route("**/stream", async (route) => {
    const body = { ...route.request().postDataJSON(), simulate };
    await route.continue({ postData: JSON.stringify(body) });
  });
}
