/** Runs the tools with Deno, which is found or brought along. */
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { prepareLibrary } from "./copy.ts";

/** The oldest Deno that runs the tools, and the one that npm brings when there is none. */
const OLDEST: [major: number, minor: number] = [2, 9];
const PINNED = "2.9.6";
/** The exit code of a process that a signal has ended, as shells count. */
const SIGNALLED = 128;

/**
 * Runs one of the tools in the app's folder, to its end.
 *
 * @param task its name, such as `serve`.
 * @param options its own options.
 * @returns its exit code.
 */
export function runTask(root: string, task: string, options: string[]): Promise<number> {
  const [program, ...before] = findDeno();
  const tool = join(prepareLibrary(root), "tools/task.ts");
  const args = [...before, "run", "--allow-all", "--no-config", tool, task, ...options];
  const child = spawn(program, args, { cwd: root, stdio: "inherit" });
  // A terminal sends its signals to the child as well. This process waits for the child to end.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(code ?? (signal ? SIGNALLED : 1)));
  });
}

/** The command of a Deno that is new enough: this process, the one in `PATH`, or npm's package. */
function findDeno(): [program: string, ...args: string[]] {
  if (process.versions.deno) return [process.execPath];
  const { stdout } = spawnSync("deno", ["--version"], { encoding: "utf8" });
  const [, major = 0, minor = 0] = /^deno (\d+)\.(\d+)/.exec(stdout ?? "") ?? [];
  const isNewEnough = Number(major) > OLDEST[0] ||
    Number(major) === OLDEST[0] && Number(minor) >= OLDEST[1];
  if (isNewEnough) return ["deno"];
  return [process.platform === "win32" ? "npx.cmd" : "npx", "-y", `deno@${PINNED}`];
}
