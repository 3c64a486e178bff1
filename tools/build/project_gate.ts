/**
 * What InsForge cloud does with all functions of a project at once: `deno check` of every file, then
 * one process that imports them all. One bad file there breaks every function of the project.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Artefact, toPath } from "./bundle.ts";

const LOCAL = fileURLToPath(new URL("../../.local/", import.meta.url));
/** On a busy machine with an empty cache a check has taken more than a minute. */
const TIMEOUT_MS = 600_000;

/** The platform's own configuration of the check. */
const CONFIGURATION = { nodeModulesDir: "auto", compilerOptions: { noImplicitAny: false } };

/**
 * Checks and starts the cloud files of a project the way the platform does. The start has no
 * permission at all, so that a file which reads a setting or opens a socket when it is imported
 * fails here. Needs the npm registry for packages that are not in Deno's cache.
 *
 * @returns the output of the step that failed, or nothing.
 */
export async function findProjectFaults(artefacts: Artefact[]): Promise<string[]> {
  await Deno.mkdir(LOCAL, { recursive: true });
  const folder = await Deno.makeTempDir({ dir: LOCAL, prefix: "project-" });
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
    paths.map((path) => `import ${JSON.stringify(path)};\n`).join(""),
  );
  for (const artefact of artefacts) {
    const text = `// Function: ${artefact.slug}\n${artefact.code}`;
    await Deno.writeTextFile(join(folder, toPath(artefact)), text);
  }
  return paths;
}

/** Runs one command to its end; its output when it failed. */
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
  if (signal === "SIGTERM") return `no answer within ${TIMEOUT_MS / 1_000} seconds`;
  const decoder = new TextDecoder();
  return (decoder.decode(stderr) + decoder.decode(stdout)).trim();
}
