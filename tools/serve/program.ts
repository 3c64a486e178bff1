/** The process of `deno task serve` that runs the stack. `tools/serve.ts` starts it. */
import process from "node:process";
import { join } from "node:path";
import { isLibrary, openApp } from "../app.ts";
import { readEnvironment } from "../environment.ts";
import { describeStack } from "../local/banner.ts";
import { startStack } from "../local/stack.ts";
import { readReference } from "../reference/published.ts";
import { listenForSignals } from "../signals.ts";
import { indexDemoData } from "./demo_index.ts";
import { HOPELESS } from "./restarts.ts";

class LockFailure extends Error {}

const app = openApp();
const DATA_DIR = join(app.localFolder, "insforge");
const LOCK_FILE = join(app.localFolder, "serve.lock");

// A dependency of InsForge's SDK uses a module that Node has deprecated.
Object.assign(process, { noDeprecation: true });

try {
  await Deno.mkdir(DATA_DIR, { recursive: true });
  await lockDataFolder();
  if (Deno.args.includes("--fresh")) await Deno.remove(DATA_DIR, { recursive: true });
  const stack = await startStack(await readEnvironment(), { app, dataDir: DATA_DIR });
  console.log(describeStack(stack));
  for (const slug of (await readReference(app)).missing) {
    const hint = isLibrary(app.root) ? ', or "deno task docs" has not run since it was added' : "";
    console.error(
      `The API reference leaves out "${slug}": functions/${slug}/reference.ts is missing${hint}`,
    );
  }
  await indexDemoData(stack);
  listenForSignals(
    () => stack[Symbol.asyncDispose]().then(() => Deno.exit()),
    () => Deno.exit(1),
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(error instanceof LockFailure ? HOPELESS : 1);
}

/** Two databases in one folder would damage it. The lock ends with the process in any case. */
async function lockDataFolder(): Promise<void> {
  const file = await Deno.open(LOCK_FILE, { create: true, write: true });
  if (await file.tryLock(true)) return;
  throw new LockFailure(`Another "${app.command} serve" runs in this folder; stop it first`);
}
