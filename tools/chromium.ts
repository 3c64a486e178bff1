/** Starts Chromium for tests and screenshots, with an empty profile, and drives it with Playwright. */
import { resolve } from "node:path";
import type { Browser } from "playwright-core";

/** The path of Debian's Chromium. */
export const CHROMIUM = "/usr/bin/chromium";

/** A running Chromium. Its contexts are independent of each other. */
export interface Chromium extends AsyncDisposable {
  browser: Browser;
}

/** Generous, for busy machines. */
const PATIENCE_MS = 120_000;

const FLAGS = [
  "--headless",
  // The sandbox does not work as root, which runs the tests in containers. Only our pages are shown.
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
  // Headless Chromium would report a touch screen; these settings report a mouse.
  "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
  // No host but this machine can be resolved, whatever a page requests.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  "--remote-debugging-port=0",
];

/**
 * Starts Chromium and connects to it.
 *
 * The browser is started here because Playwright's own `launch` needs a pipe that Deno cannot create,
 * and the permission to write to the system's folder for temporary files.
 *
 * @throws {Error} when it does not start; the message holds its output.
 */
export async function startChromium(): Promise<Chromium> {
  await using started = new AsyncDisposableStack();
  await Deno.mkdir(".local", { recursive: true });
  const folder = resolve(await Deno.makeTempDir({ dir: ".local", prefix: "chromium-" }));
  started.defer(() => removeLeft(folder));
  const process = new Deno.Command(CHROMIUM, {
    args: [...FLAGS, `--user-data-dir=${folder}/profile`, "about:blank"],
    // Keeps settings and crash reports in that folder.
    env: { HOME: folder, XDG_CONFIG_HOME: folder, XDG_CACHE_HOME: folder },
    ...{ stdin: "null", stdout: "null", stderr: "piped" },
  }).spawn();
  started.defer(async () => {
    process.kill("SIGTERM");
    await process.status;
  });
  const endpoint = await readEndpoint(process.stderr);
  // Loaded here because it is large, and most importers of this module start no browser.
  const { chromium } = await import("playwright-core");
  const options = { artifactsDir: `${folder}/artifacts`, timeout: PATIENCE_MS };
  const browser = await chromium.connectOverCDP(endpoint, options);
  started.defer(() => browser.close());
  const stop = started.move();
  return { browser, [Symbol.asyncDispose]: () => stop.disposeAsync() };
}

/** Removes a folder once the browser's child processes, which outlive it a little, stop writing to it. */
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

/** Reads the URL at which the browser listens from its output. */
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
