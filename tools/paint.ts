/// <reference lib="dom" />
/**
 * `deno task paint`: measures the time from the start of the local stack to the first paint of the
 * playground. The stack runs in a process of its own, as with `deno task serve`.
 */
import { toMedian } from "./bench/rounds.ts";
import { startChromium } from "./chromium.ts";
import { startStack } from "./local/stack.ts";

const ANY_PORT: Record<string, string> = { PORT: "0", INSFORGE_PORT: "0", OPENROUTER_PORT: "0" };
const LATER_VISITS = 9;

if (Deno.args[0] === "--stack") await runStack();
else await measure();

/** Starts a stack and prints its URL. The stack ends when standard input ends. */
async function runStack(): Promise<void> {
  await using stack = await startStack({ get: (name) => ANY_PORT[name] });
  const { log } = console;
  console.log = () => {}; // The functions log one line per request.
  log(stack.functionsUrl);
  for await (const _ of Deno.stdin.readable);
}

async function measure(): Promise<void> {
  await using chromium = await startChromium();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-net=127.0.0.1", "--allow-read=.", "--allow-env", import.meta.filename!]
      .concat("--stack"),
    ...{ stdin: "piped", stdout: "piped" },
  }).spawn();
  const { value: line } = await child.stdout.pipeThrough(new TextDecoderStream()).getReader()
    .read();
  const url = line!.trim();
  const upAt = Date.now();

  const visit = async (): Promise<number> => {
    const context = await chromium.browser.newContext();
    const page = await context.newPage();
    const from = Date.now();
    await page.goto(url, { waitUntil: "commit" });
    const paint = await page.waitForFunction(() => {
      const [entry] = performance.getEntriesByName("first-contentful-paint");
      return entry && performance.timeOrigin + entry.startTime;
    });
    const paintedAt = await paint.jsonValue();
    await context.close();
    return paintedAt! - from;
  };

  const waitedMs = Date.now() - upAt;
  const first = await visit();
  const later: number[] = [];
  for (let i = 0; i < LATER_VISITS; i++) later.push(await visit());
  await child.stdin.close();
  await child.status;
  console.log(
    `First paint ${Math.round(waitedMs + first)} ms after the stack is up, ` +
      `${Math.round(toMedian(later))} ms on later visits (median of ${LATER_VISITS}, ` +
      `${Math.round(Math.min(...later))} to ${Math.round(Math.max(...later))})`,
  );
}
