/**
 * Bundles the functions and starts every runtime that they can be deployed to. This is a program,
 * because the bundler and another release of Deno need permissions that its caller does not have.
 */
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { bundleFunctions, type Platform, toPath } from "../../build/bundle.ts";
import { pinPackage } from "../../build/packages.ts";
import type { CloudOrder } from "./cloud.ts";
import { findDeno } from "./deno_release.ts";
import type { RuntimeOptions } from "./mod.ts";
import { readOrder } from "./parent.ts";
import type { WorkerOrder } from "./worker.ts";

/** The version in InsForge's image `denoland/deno:alpine-2.0.6`. */
const INSFORGE_DENO = "2.0.6";

const LOCAL = fileURLToPath(new URL("../../../.local/", import.meta.url));
const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));
const CLOUD = fileURLToPath(new URL("cloud.ts", import.meta.url));
/** The platforms have no configuration, lock file or types of this project either. */
const BARE = ["--quiet", "--no-prompt", "--no-config", "--no-lock", "--no-check"];

const { secrets, scripts, modules } = await readOrder<RuntimeOptions>();
await Deno.mkdir(LOCAL, { recursive: true });
const folder = await Deno.makeTempDir({ dir: LOCAL, prefix: "runtimes-" });
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

try {
  const [artefacts, olderDeno] = await Promise.all([bundleFunctions(), findDeno(INSFORGE_DENO)]);
  const codes = (platform: Platform) =>
    Object.fromEntries(
      artefacts.filter((artefact) => artefact.platform === platform).map((
        { slug, code },
      ) => [slug, code]),
    );
  const workerOrder: WorkerOrder = {
    scripts: { ...codes("self-hosted"), ...scripts },
    secrets,
    sdk: pinPackage("@insforge/sdk"),
  };
  const [cloud, worker, olderWorker] = await Promise.all([
    startCloud({ ...codes("cloud"), ...modules }),
    startWorker(Deno.execPath(), workerOrder),
    startWorker(olderDeno, workerOrder),
  ]);
  console.log(JSON.stringify({ cloud, worker, olderWorker }));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(1);
}

async function startCloud(codes: Record<string, string>): Promise<string> {
  const urls: CloudOrder["modules"] = {};
  for (const [slug, code] of Object.entries(codes)) {
    const path = join(folder, toPath({ platform: "cloud", slug }));
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(path, `// Function: ${slug}\n${code}`);
    urls[slug] = pathToFileURL(path).href;
  }
  const permissions = ["--allow-net", "--allow-env", `--allow-read=${folder}`];
  const args = ["run", ...BARE, "--node-modules-dir=none", ...permissions, CLOUD];
  return await start(Deno.execPath(), args, { modules: urls }, { ...findCaches(), ...secrets });
}

function startWorker(deno: string, order: WorkerOrder): Promise<string> {
  const permissions = ["--unstable-worker-options", "--allow-net", "--allow-env"];
  const scope = `--allow-read=${dirname(WORKER)}`;
  const environment = deno === Deno.execPath() ? findCaches() : {
    ...findCaches(),
    // Every release needs its own cache: a shared one is emptied when the release changes.
    DENO_DIR: join(LOCAL, `deno-${INSFORGE_DENO}`),
    DENO_TLS_CA_STORE: "system,mozilla",
  };
  return start(deno, ["run", ...BARE, ...permissions, scope, WORKER], order, environment);
}

/** Starts one runtime, sends it its order and forwards its log. @returns its URL. */
async function start(
  deno: string,
  args: string[],
  order: CloudOrder | WorkerOrder,
  environment: Record<string, string>,
): Promise<string> {
  const { stdin, stdout } = new Deno.Command(deno, {
    args,
    clearEnv: true,
    env: environment,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  await stdin.getWriter().write(new TextEncoder().encode(JSON.stringify(order) + "\n"));
  const reader = stdout.getReader();
  const { value: url } = await reader.read();
  if (!url) throw new Error(`A runtime did not start: ${args.at(-1)}`);
  reader.releaseLock();
  forwardLog(stdout);
  return new TextDecoder().decode(url).trim();
}

async function forwardLog(output: ReadableStream<Uint8Array>): Promise<void> {
  for await (const bytes of output) await Deno.stdout.write(bytes);
}

/** Where Deno finds its cache and the network. Nothing else of the environment is passed on. */
function findCaches(): Record<string, string> {
  const names = [
    ...["HOME", "XDG_CACHE_HOME", "LOCALAPPDATA", "DENO_DIR"],
    ...["NPM_CONFIG_REGISTRY", "HTTPS_PROXY", "NO_PROXY"],
    ...["DENO_CERT", "DENO_TLS_CA_STORE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"],
  ];
  const known = names.map((name) => [name, Deno.env.get(name)]).filter(([, value]) => value);
  return Object.fromEntries(known);
}
