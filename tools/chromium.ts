/** Chromium for tests and screenshots: started with an empty profile, driven by Playwright, thrown away. */
import { resolve } from "node:path";
import type { Browser } from "playwright-core";

/** Where Debian has it. */
export const CHROMIUM = "/usr/bin/chromium";

/** A running Chromium; each context that it makes knows nothing of the others. */
export interface Chromium extends AsyncDisposable {
  browser: Browser;
}

/** For machines that have much else to do. */
const PATIENCE_MS = 120_000;

const FLAGS = [
  "--headless",
  // Its sandbox refuses root, who runs the tests in containers; it shows our own pages alone.
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--disable-sync",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-extensions",
  "--disable-features=Translate,OptimizationHints,MediaRouter",
  "--force-color-profile=srgb",
  "--hide-scrollbars",
  "--no-default-browser-check",
  "--no-first-run",
  // A mouse, as a desk has one; headless it would say that it is a touch screen.
  "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
  // Nothing but this machine has an address, whatever a page asks for.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  "--remote-debugging-port=0",
];

/**
 * Starts Chromium and connects to it.
 *
 * Playwright's own `launch` wants a pipe to the browser that Deno does not make, and the right to
 * write to the system's folder for temporary files; so the browser is started here.
 *
 * @throws {Error} when it does not start; the message holds what it printed.
 */
export async function startChromium(): Promise<Chromium> {
  await using started = new AsyncDisposableStack();
  await Deno.mkdir(".local", { recursive: true });
  const folder = resolve(await Deno.makeTempDir({ dir: ".local", prefix: "chromium-" }));
  started.defer(() => removeLeft(folder));
  const process = new Deno.Command(CHROMIUM, {
    args: [...FLAGS, `--user-data-dir=${folder}/profile`, "about:blank"],
    // Nothing of it outside that folder: neither settings nor crash reports.
    env: { HOME: folder, XDG_CONFIG_HOME: folder, XDG_CACHE_HOME: folder },
    ...{ stdin: "null", stdout: "null", stderr: "piped" },
  }).spawn();
  started.defer(async () => {
    process.kill("SIGTERM");
    await process.status;
  });
  const endpoint = await readEndpoint(process.stderr);
  // Here, as it is a large module, and most who import this one will start nothing.
  const { chromium } = await import("playwright-core");
  const options = { artifactsDir: `${folder}/artifacts`, timeout: PATIENCE_MS };
  const browser = await chromium.connectOverCDP(endpoint, options);
  started.defer(() => browser.close());
  const stop = started.move();
  return { browser, [Symbol.asyncDispose]: () => stop.disposeAsync() };
}

/** Removes a folder as soon as nobody writes to it: the browser's own children outlive it a little. */
async function removeLeft(folder: string): Promise<void> {
  for (let tries = 0;; tries++) {
    try {
      return await Deno.remove(folder, { recursive: true });
    } catch (error) {
      if (tries === 1_000) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Where the browser says that it listens; what it prints later is not read. */
async function readEndpoint(stderr: ReadableStream<Uint8Array>): Promise<string> {
  let output = "";
  const decoder = new TextDecoder();
  for await (const bytes of stderr) {
    output += decoder.decode(bytes, { stream: true });
    const [, endpoint] = /DevTools listening on (\S+)\n/.exec(output) ?? [];
    if (endpoint) return endpoint;
  }
  throw new Error(`Chromium did not start: ${output}`);
}
