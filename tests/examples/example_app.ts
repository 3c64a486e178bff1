/**
 * Installs each example in turn with the packed package in a temporary folder, builds and serves it,
 * until standard input closes. A program of its own, because only it needs npm and Node; the test
 * that starts it needs only Deno.
 *
 * Arguments: the tarball, and the environment of the examples as JSON. Output: one line per example with its name and
 * URL, as soon as it is served.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const LOCAL = join(ROOT, ".local");

/** How each app is served when it has been built. */
const SERVERS: Record<string, (port: string) => string[]> = {
  "vite-react": (port) => ["vite", "preview", "--host", "127.0.0.1", "--port", port],
  "nextjs": (port) => ["next", "start", "--hostname", "127.0.0.1", "--port", port],
};

const [tarball = "", variables = "{}"] = Deno.args;
const env = { NEXT_TELEMETRY_DISABLED: "1", ...JSON.parse(variables) };
const servers: Deno.ChildProcess[] = [];

await Deno.mkdir(LOCAL, { recursive: true });
const folder = await Deno.makeTempDir({ dir: LOCAL, prefix: "examples-" });
try {
  for (const name of Object.keys(SERVERS)) {
    const app = join(folder, name);
    await copyFolder(join(ROOT, "examples", name), app);
    await run(app, "npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", tarball]);
    await run(app, "npm", ["run", "build"]);
    console.log(`${name} ${await serve(app, name)}`);
  }
  await Deno.stdin.readable.pipeTo(new WritableStream()); // until the test closes it
} finally {
  for (const server of servers) server.kill();
  await Promise.all(servers.map(({ status }) => status));
  await Deno.remove(folder, { recursive: true });
}

/** Starts an app's server and returns its URL. */
async function serve(app: string, name: string): Promise<string> {
  const port = String(findFreePort());
  const [program = "", ...args] = SERVERS[name]!(port);
  // Not through npx: a signal must reach the server itself.
  const command = new Deno.Command(join(app, "node_modules/.bin", program), {
    args,
    cwd: app,
    env,
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  });
  servers.push(command.spawn());
  const url = `http://127.0.0.1:${port}/`;
  await waitFor(url);
  return url;
}

/** Runs a program to its end. Its output is shown when it fails. */
async function run(cwd: string, program: string, args: string[]): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, cwd, env }).output();
  if (success) return;
  const texts = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  throw new Error(`${program} ${args.join(" ")} failed:\n${texts.join("\n")}`);
}

async function waitFor(url: string): Promise<void> {
  const signal = AbortSignal.timeout(30_000);
  while (!signal.aborted) {
    const response = await fetch(url, { signal }).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`The example does not answer at ${url}`);
}

function findFreePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (name === "node_modules" || name.startsWith(".next") || name === "dist") continue;
    if (isDirectory) await copyFolder(join(from, name), join(to, name));
    else await Deno.copyFile(join(from, name), join(to, name));
  }
}
