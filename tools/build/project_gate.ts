/**
 * Does with all functions of a project what InsForge cloud does: `deno check` of every file, then one
 * process that imports all of them. There, one bad file breaks every function of the project.
 */
import { join } from "node:path";
import type { App } from "../app.ts";
import { type Artefact, toPath } from "./bundle.ts";

/** A check with an empty cache takes more than a minute on a busy machine. */
const TIMEOUT_MS = 600_000;

/** The platform's own configuration for the check. */
const CONFIGURATION = { nodeModulesDir: "auto", compilerOptions: { noImplicitAny: false } };

/**
 * Checks and starts the cloud files of a project as the platform does, and sends each function one
 * `OPTIONS` request, which evaluates it. The process has no permission at all, so that a function fails
 * here when it reads the environment or opens a socket before it is called.
 *
 * @returns the output of the failed step; an empty list when none failed.
 */
export async function findProjectFaults(
  artefacts: Artefact[],
  { localFolder }: App,
): Promise<string[]> {
  await Deno.mkdir(localFolder, { recursive: true });
  const folder = await Deno.makeTempDir({ dir: localFolder, prefix: "project-" });
  try {
    const paths = await writeProject(folder, artefacts);
    const checked = await runDeno(folder, ["check", "--quiet", "--no-lock", ...paths]);
    if (checked) return [`deno check fails: ${checked}`];
    const started = await runDeno(folder, [
      "run",
      ...["--quiet", "--no-prompt", "--no-lock", "--no-check"],
      "main.ts",
    ]);
    return started ? [`the project does not start: ${started}`] : [];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function writeProject(folder: string, artefacts: Artefact[]): Promise<string[]> {
  const paths = artefacts.map((artefact) => `./${toPath(artefact)}`);
  await Deno.mkdir(join(folder, "cloud"));
  await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify(CONFIGURATION));
  await Deno.writeTextFile(
    join(folder, "main.ts"),
    [
      ...artefacts.map((artefact, i) => `import f${i} from "./${toPath(artefact)}";`),
      `const environment = { get: () => undefined };`,
      ...artefacts.map(({ slug }, i) => `await start("${slug}", f${i});`),
      `async function start(slug, handler) {
        const request = new Request("http://gate.test/" + slug, { method: "OPTIONS" });
        const { status } = await handler(request, environment);
        if (status >= 500) throw new Error(slug + " responds with " + status);
      }`,
    ].join("\n"),
  );
  for (const artefact of artefacts) {
    const text = `// Function: ${artefact.slug}\n${artefact.code}`;
    await Deno.writeTextFile(join(folder, toPath(artefact)), text);
  }
  return paths;
}

/** Runs one command to its end and returns its output if it failed. */
async function runDeno(cwd: string, args: string[]): Promise<string | undefined> {
  const command = new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const { success, signal, stdout, stderr } = await command.output();
  if (success) return undefined;
  if (signal === "SIGTERM") return `no result within ${TIMEOUT_MS / 1_000} seconds`;
  const decoder = new TextDecoder();
  return (decoder.decode(stderr) + decoder.decode(stdout)).trim();
}
