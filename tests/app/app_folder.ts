/** An app in a folder of its own, outside this repository's functions. */
import { cpSync } from "node:fs";
import { dirname, join } from "node:path";
import { LIBRARY } from "../../tools/app.ts";

/** The folders of the library that its copy in an app has. */
const COPIED = ["client", "docs", "functions", "migrations", "shared", "tools"];

/** What a task did. */
export interface TaskResult {
  code: number;
  output: string;
}

/** A folder in `.local`, which is deleted at the end. */
export interface AppFolder extends AsyncDisposable {
  path: string;
  /** Runs a task to its end, as the command `insforge-ai` does. */
  run(args: string[], settings?: Record<string, string>): Promise<TaskResult>;
  /** Starts a task that runs until it is killed. */
  spawn(args: string[], settings: Record<string, string>): Deno.ChildProcess;
}

/**
 * Writes the files of an app, by their paths in it.
 *
 * @param hasCopy whether the app has its own copy of the library, as the command `insforge-ai` makes it.
 *   Otherwise the tasks run from this repository.
 */
export async function createApp(
  files: Record<string, string>,
  { hasCopy = false } = {},
): Promise<AppFolder> {
  await Deno.mkdir(".local", { recursive: true });
  const path = await Deno.makeTempDir({ dir: `${Deno.cwd()}/.local`, prefix: "app-" });
  for (const [name, text] of Object.entries(files)) {
    await Deno.mkdir(dirname(join(path, name)), { recursive: true });
    await Deno.writeTextFile(join(path, name), text);
  }
  const library = hasCopy ? await copyLibrary(path) : LIBRARY;
  const command = (args: string[], settings: Record<string, string>) =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "--no-config", join(library, "tools/task.ts"), ...args],
      cwd: path,
      env: { NO_COLOR: "1", ...settings },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  return {
    path,
    run: async (args, settings = {}) => {
      const { code, stdout, stderr } = await command(args, settings).output();
      const [output, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      return { code, output: output! + errors };
    },
    spawn: (args, settings) => command(args, settings).spawn(),
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

async function copyLibrary(app: string): Promise<string> {
  const folder = join(app, ".local/library-test");
  for (const name of COPIED) {
    cpSync(join(LIBRARY, name), join(folder, name), { recursive: true });
  }
  await Deno.writeTextFile(join(folder, "deno.json"), "{}");
  return folder;
}
