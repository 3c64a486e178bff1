/** The tasks of this repository, each with its permissions. They use all packages of `deno.json`. */
import { listPrograms } from "../../tests/support/programs.ts";
import { CHROMIUM } from "../chromium.ts";
import type { Task, Tasks } from "./tasks.ts";

const DENO = Deno.execPath();
const LOOPBACK = "--allow-net=127.0.0.1";
/** Places that packages look at when they are loaded; they then take them for missing. */
const IGNORED = "--ignore-read=/proc,/run/WSL";
/** What Playwright and the browser need. */
const BROWSER = [
  ...[LOOPBACK, "--allow-read=.", IGNORED, "--allow-env"],
  ...["--allow-sys=hostname,homedir,osRelease", `--allow-run=${CHROMIUM},${DENO}`],
];

/** The tasks by name. */
export const repositoryTasks: Tasks = {
  test: async ({ options, run }) =>
    await install(run) || await run([
      ...["test", "--parallel", "--preload", "tests/support/deadlines.ts"],
      ...[LOOPBACK, "--allow-read=.", IGNORED, "--allow-env"],
      "--allow-write=.local,/tmp/insforge-ai-functions",
      ...["--allow-sys=hostname,uid,homedir,osRelease", `--allow-run=${listPrograms().join()}`],
      ...options.length > 0 ? options : ["tests/"],
    ]),

  check: async ({ run }) => {
    const steps = [["fmt", "--check"], ["lint"], ["check"], ["task", "doc-lint"]];
    let code = await install(run);
    for (const step of steps) code ||= await run(step);
    return code;
  },

  bench: toTask("bench.ts", ["--allow-all"]),
  "doc-lint": toTask("doc_lint.ts", [
    "--allow-read=.",
    "--allow-env=NO_COLOR",
    `--allow-run=${DENO}`,
  ]),
  docs: toTask("docs.ts", [
    "--allow-read",
    "--allow-write=docs,skills,llms.txt",
    "--allow-env",
  ]),
  fuzz: toTask("fuzz.ts", ["--allow-read=.", "--allow-env"]),
  // rollup, which joins the type declarations, is a native library.
  pack: toTask("pack.ts", [
    ...["--allow-read", "--allow-write=dist", "--allow-env", "--allow-run", "--allow-ffi"],
  ]),
  packages: toTask("packages/update.ts", [
    ...["--allow-read=.", "--allow-write=tools/packages,.local", "--allow-run"],
  ]),
  paint: toTask("paint.ts", [...BROWSER, "--allow-write=.local"]),
  screenshots: toTask("screenshots.ts", [...BROWSER, "--allow-write=.local,docs"]),
  soak: toTask("soak.ts", ["--allow-all"]),
};

/** A task that runs one program of `tools/`. */
function toTask(program: string, permissions: string[]): Task {
  return async ({ options, run }) =>
    await install(run) || await run(["run", ...permissions, `tools/${program}`, ...options]);
}

/** Installs all packages of `deno.json`, unless they are there. */
async function install(run: (args: string[]) => Promise<number>): Promise<number> {
  return await run(["install", "--quiet"]);
}
