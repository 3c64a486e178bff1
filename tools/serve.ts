/** `deno task serve`: the functions and all they need on this machine, ready to try. */
import process from "node:process";
import { readEnvironment } from "./environment.ts";
import { describe } from "./local/banner.ts";
import { type Stack, startStack } from "./local/stack.ts";
import { listenForSignals } from "./signals.ts";

const DATA_DIR = ".local/insforge";
const LOCK_FILE = ".local/serve.lock";

// A dependency of InsForge's SDK still uses a module that Node has deprecated.
Object.assign(process, { noDeprecation: true });

try {
  const unknown = Deno.args.find((arg) => arg !== "--fresh");
  if (unknown !== undefined) throw new Error(`Unknown option '${unknown}'; there is --fresh alone`);
  await Deno.mkdir(DATA_DIR, { recursive: true });
  await requireAlone();
  if (Deno.args.includes("--fresh")) await Deno.remove(DATA_DIR, { recursive: true });
  const stack = await startStack(await readEnvironment(), DATA_DIR);
  console.log(describe(stack));
  prepareReference(stack);
  listenForSignals(
    () => stack[Symbol.asyncDispose]().then(() => Deno.exit()),
    () => Deno.exit(1),
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(1);
}

/** Has the API reference made in the background, so that it is there when somebody opens it. */
function prepareReference({ functionsUrl }: Stack): void {
  fetch(`${functionsUrl}/openapi.json`).then(
    (response) => response.body?.cancel(),
    // Opening the page shows the failure.
    () => {},
  );
}

/** Two databases on one folder would ruin it. The lock ends with the process, however that ends. */
async function requireAlone(): Promise<void> {
  const file = await Deno.open(LOCK_FILE, { create: true, write: true });
  if (await file.tryLock(true)) return;
  throw new Error('Another "deno task serve" runs in this folder; end it first');
}
