/**
 * Does in an empty folder what a developer does with the package: installs it, adds functions, serves
 * them, pastes the printed code into a page, and deploys. A program of its own, because it needs npm,
 * Node, a bundler and Chromium.
 *
 * Argument: the tarball. Output: an {@link AppReport} as JSON.
 */
import * as esbuild from "esbuild";
import { dirname, join } from "node:path";
import { startChromium } from "../../tools/chromium.ts";

/** What the program found out. */
export interface AppReport {
  /** The commands until the answer was in the page, and the seconds that they took. */
  commands: string[];
  seconds: number;
  /** The pieces of the answer, as they arrived in the page. */
  pieces: number;
  /** From the first piece to the last, milliseconds. */
  streamingMs: number;
  /** What the app's own function with the slug of a built-in one responds, once it is written. */
  ownChat: unknown;
  /** What the commands after that printed. */
  printed: Record<"test" | "dryRun" | "deploy" | "list", string>;
}

/** For each step on a busy machine. */
const PATIENCE_MS = 240_000;
const OWN_CHAT = `
import { withAi } from "insforge-ai-functions";

export default withAi({ slug: "chat" }, ({ user }) => Response.json({ own: true, user: user.id !== "" }));
`;
const decoder = new TextDecoder();

const [tarball = ""] = Deno.args;
// Not in this repository, whose packages and configuration an app does not have.
const app = await Deno.makeTempDir({ prefix: "insforge-ai-app-" });
const env = {
  PORT: findFreePort(),
  INSFORGE_PORT: findFreePort(),
  OPENROUTER_PORT: findFreePort(),
  NO_COLOR: "1",
  PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`,
};
try {
  console.log(JSON.stringify(await developApp()));
} finally {
  await esbuild.stop();
  await Deno.remove(app, { recursive: true });
}

async function developApp(): Promise<AppReport> {
  await Deno.writeTextFile(join(app, "package.json"), '{"private":true,"type":"module"}');
  const commands: string[] = [];
  const start = performance.now();
  const run = async (...command: string[]) => {
    commands.push(command.join(" "));
    return await runCommand(command);
  };
  await run("npm", "install", "--offline", "--no-audit", "--no-fund", tarball);
  await run("npx", "insforge-ai", "init");
  await run("npx", "insforge-ai", "add", "chat", "stream");
  commands.push("npx insforge-ai serve");
  await using serve = await startServe();
  const { pieces, streamingMs } = await watchSnippet(toSnippet(serve.banner));
  const seconds = (performance.now() - start) / 1000;

  await Deno.writeTextFile(join(app, "functions/chat/index.ts"), OWN_CHAT);
  const ownChat = await serve.waitForOwnChat();
  await runCommand(["npx", "insforge-ai", "new", "support-bot", "--assistant"]);
  const others = ["embeddings", "models", "usage", "speech", "rerank", "transcribe", "v1"];
  await runCommand(["npx", "insforge-ai", "add", ...others]);
  const project = { INSFORGE_BASE_URL: serve.insforgeUrl, INSFORGE_API_KEY: serve.apiKey };
  const deploy = (...args: string[]) =>
    runCommand(["npx", "insforge-ai", "deploy", ...args], project);
  const printed = {
    test: await runCommand(["npx", "insforge-ai", "test"]),
    dryRun: await deploy("--dry-run"),
    deploy: await deploy("stream", "support-bot"),
    list: await deploy("--list"),
  };
  return { commands, seconds, pieces, streamingMs, ownChat, printed };
}

/** A port that stays the same when `serve` restarts. */
function findFreePort(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return String(listener.addr.port);
}

async function runCommand(
  [program = "", ...args]: string[],
  settings: Record<string, string> = {},
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd: app,
    env: { ...env, ...settings },
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).output();
  const text = decoder.decode(stdout);
  if (success) return text;
  throw new Error(`${program} ${args.join(" ")} failed:\n${text}${decoder.decode(stderr)}`);
}

/** Runs `serve` until its banner is complete. */
async function startServe() {
  // What npx would start, which unlike npx passes on the signal to end.
  const child = new Deno.Command(join(app, "node_modules/.bin/insforge-ai"), {
    args: ["serve"],
    cwd: app,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
    // Its output ends then, and with it the wait below.
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).spawn();
  const output = child.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  let text = "";
  /** Reads until the output has a match behind `from`. */
  async function readUntil(pattern: RegExp, from = 0): Promise<string> {
    while (!pattern.test(text.slice(from))) {
      const { value, done } = await output.next();
      if (done) throw new Error(`serve has ended:\n${text}`);
      text += value;
    }
    return text.slice(from);
  }
  const banner = await readUntil(/\ncurl .*\/stream .*\n/);
  const read = (pattern: RegExp) => pattern.exec(banner)?.[1] ?? "";
  return {
    banner,
    insforgeUrl: read(/^InsForge +(\S+)/m),
    apiKey: read(/^API key +(\S+)/m),
    /** Waits for the restart after a change, then calls the function `chat` as the demo user. */
    async waitForOwnChat(): Promise<unknown> {
      await readUntil(/\ncurl .*\/stream .*\n/, banner.length);
      const [, email, password] = /^User +(\S+) +(\S+)/m.exec(banner) ?? [];
      const signIn = `${read(/^InsForge +(\S+)/m)}/api/auth/sessions`;
      const { accessToken } = await postJson(signIn, { email, password });
      return await postJson(`${read(/^Functions +(\S+)/m)}/chat`, {}, accessToken);
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      while (!(await output.next()).done);
      await child.status;
    },
  };
}

async function postJson(url: string, body: unknown, token?: string) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  return await response.json();
}

/** The code that `serve` prints for an app. */
function toSnippet(banner: string): string {
  const [, snippet = ""] = /In your app:\n\n([\s\S]*?)\n\nIn a shell:/.exec(banner) ?? [];
  return snippet;
}

/** Bundles the snippet as the script of a page, and watches the answer arrive in Chromium. */
async function watchSnippet(snippet: string): Promise<{ pieces: number; streamingMs: number }> {
  const { outputFiles } = await esbuild.build({
    stdin: { contents: `${snippet}\ndocument.title = "done";`, resolveDir: app },
    bundle: true,
    format: "esm",
    write: false,
    logLevel: "silent",
  });
  const script = outputFiles[0]!.text;
  const page = `<!doctype html><title>app</title><body><script>
    window.times = [];
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes) {
        for (const { nodeType } of addedNodes) if (nodeType === 3) times.push(performance.now());
      }
    }).observe(document.body, { childList: true });
  </script><script type="module" src="/app.js"></script>`;
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ url }) => {
      const [body, type] = url.endsWith("/app.js") ? [script, "javascript"] : [page, "html"];
      return new Response(body, { headers: { "Content-Type": `text/${type}` } });
    },
  );
  await using chromium = await startChromium();
  const tab = await chromium.browser.newPage();
  await tab.goto(`http://127.0.0.1:${server.addr.port}/`);
  await tab.waitForFunction('document.title === "done"', undefined, { timeout: PATIENCE_MS });
  const times = await tab.evaluate<number[]>("times");
  return { pieces: times.length, streamingMs: (times.at(-1) ?? 0) - (times[0] ?? 0) };
}
