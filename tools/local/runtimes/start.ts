/**
 * Bundles the functions and starts every runtime that they can be deployed to. A program: it alone
 * needs to run the bundler and another Deno, so that whoever starts it needs to run Deno only.
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
/** As little of this project as the platforms have: no configuration, no lock file, no types. */
const BARE = ["--quiet", "--no-prompt", "--no-config", "--no-lock", "--no-check"];

const { secrets, scripts, modules } = await readOrder<RuntimeOptions>();
await Deno.mkdir(LOCAL, { recursive: true });
const folder = await Deno.makeTempDir({ dir: LOCAL, prefix: "runtimes-" });
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

try {
  const [artefacts, olderDeno] = await Promise.all([bundleFunctions(), findDeno(INSFORGE_DENO)]);
  const codes = (platform: Platform) =>
    Object.fromEntries(
      artefacts.filter((one) => one.platform === platform).map(({ slug, code }) => [slug, code]),
    );
  const workerOrder: WorkerOrder = {
    scripts: { ...codes("self-hosted"), ...scripts },
    secrets,
    sdk: pinPackage("@insforge/sdk"),
  };
  const addresses = await Promise.all([
    startCloud({ ...codes("cloud"), ...modules }),
    startWorker(Deno.execPath(), workerOrder),
    startWorker(olderDeno, workerOrder),
  ]);
  const [cloud, worker, olderWorker] = addresses;
  console.log(JSON.stringify({ cloud, worker, olderWorker }));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(1);
}

async function startCloud(codes: Record<string, string>): Promise<string> {
  const addresses: CloudOrder["modules"] = {};
  for (const [slug, code] of Object.entries(codes)) {
    const path = join(folder, toPath({ platform: "cloud", slug }));
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(path, `// Function: ${slug}\n${code}`);
    addresses[slug] = pathToFileURL(path).href;
  }
  const permissions = ["--allow-net", "--allow-env", `--allow-read=${folder}`];
  const args = ["run", ...BARE, "--node-modules-dir=none", ...permissions, CLOUD];
  return await start(Deno.execPath(), args, { modules: addresses }, { ...places(), ...secrets });
}

function startWorker(deno: string, order: WorkerOrder): Promise<string> {
  const permissions = ["--unstable-worker-options", "--allow-net", "--allow-env"];
  const scope = `--allow-read=${dirname(WORKER)}`;
  const environment = deno === Deno.execPath() ? places() : {
    ...places(),
    // Each release keeps its own cache; a shared one is emptied at every change of release.
    DENO_DIR: join(LOCAL, `deno-${INSFORGE_DENO}`),
    DENO_TLS_CA_STORE: "system,mozilla",
  };
  return start(deno, ["run", ...BARE, ...permissions, scope, WORKER], order, environment);
}

/** Starts one runtime, gives it its order and passes on what it logs. @returns its address. */
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
  const { value: address } = await reader.read();
  if (!address) throw new Error(`A runtime did not start: ${args.at(-1)}`);
  reader.releaseLock();
  relay(stdout);
  return new TextDecoder().decode(address).trim();
}

async function relay(output: ReadableStream<Uint8Array>): Promise<void> {
  for await (const bytes of output) await Deno.stdout.write(bytes);
}

/** Where Deno finds its cache and the network; nothing else of this environment is passed on. */
function places(): Record<string, string> {
  const names = [
    ...["HOME", "XDG_CACHE_HOME", "LOCALAPPDATA", "DENO_DIR"],
    ...["NPM_CONFIG_REGISTRY", "HTTPS_PROXY", "NO_PROXY"],
    ...["DENO_CERT", "DENO_TLS_CA_STORE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"],
  ];
  const known = names.map((name) => [name, Deno.env.get(name)]).filter(([, value]) => value);
  return Object.fromEntries(known);
}
