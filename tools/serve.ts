/** `deno task serve`: the functions and all they need on this machine, ready to try. */
import { withValues } from "../shared/settings.ts";
import { describe } from "./local/banner.ts";
import { startStack } from "./local/stack.ts";

const DATA_DIR = ".local/insforge";

try {
  if (Deno.args.includes("--fresh")) await removeFolder(DATA_DIR);
  await Deno.mkdir(DATA_DIR, { recursive: true });
  const stack = await startStack(withValues({}), DATA_DIR);
  console.log(describe(stack));
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      stack[Symbol.asyncDispose]().then(() => Deno.exit());
    });
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(1);
}

async function removeFolder(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
