/** An app in a folder of its own, outside this repository's functions. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const TASK = fileURLToPath(new URL("../../tools/task.ts", import.meta.url));

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

/** Writes the files of an app, by their paths in it. */
export async function createApp(files: Record<string, string>): Promise<AppFolder> {
  await Deno.mkdir(".local", { recursive: true });
  const path = await Deno.makeTempDir({ dir: `${Deno.cwd()}/.local`, prefix: "app-" });
  for (const [name, text] of Object.entries(files)) {
    await Deno.mkdir(dirname(join(path, name)), { recursive: true });
    await Deno.writeTextFile(join(path, name), text);
  }
  const command = (args: string[], settings: Record<string, string>) =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "--no-config", TASK, ...args],
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
