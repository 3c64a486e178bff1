/** Installs Portkey's gateway from npm into `.local/bench/`, where nothing else of the project sees it. */
import { fileURLToPath } from "node:url";

const VERSION = "1.15.2";
/**
 * With later releases of its server, the gateway responds to every stream with 500, because it
 * changes the headers of a response that is immutable there.
 */
const OVERRIDES = { "@hono/node-server": "1.14.0" };
const FOLDER = fileURLToPath(new URL("../../.local/bench/", import.meta.url));
const PACKAGE = `${FOLDER}node_modules/@portkey-ai/gateway`;
const TIMEOUT_MS = 120_000;

/**
 * Installs the gateway unless this version is there already. Its install scripts do not run.
 *
 * @returns the path of its program, for Node.
 * @throws {Error} when npm fails, for example without a network.
 */
export async function installPortkey(): Promise<string> {
  const program = `${PACKAGE}/build/start-server.js`;
  if (await readVersion() === VERSION) return program;
  await Deno.mkdir(FOLDER, { recursive: true });
  await Deno.writeTextFile(`${FOLDER}package.json`, JSON.stringify({ overrides: OVERRIDES }));
  const options = ["--no-audit", "--no-fund", "--no-save", "--ignore-scripts"];
  const { success, stderr } = await new Deno.Command("npm", {
    args: ["install", ...options, `@portkey-ai/gateway@${VERSION}`],
    cwd: FOLDER,
    stdin: "null",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).output();
  if (success) return program;
  throw new Error(`npm could not install Portkey: ${new TextDecoder().decode(stderr)}`);
}

async function readVersion(): Promise<string | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(`${PACKAGE}/package.json`)).version;
  } catch {
    return undefined;
  }
}
