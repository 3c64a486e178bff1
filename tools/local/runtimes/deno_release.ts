/** Other releases of Deno, from the npm registry, where each platform's binary is a package. */
import { fileURLToPath } from "node:url";

/** Some 50 MB, from a registry that may be far. */
const TIMEOUT_MS = 600_000;

/**
 * Finds a release of Deno, and fetches it when it is not in Deno's own cache of npm packages.
 *
 * @param version such as `2.0.6`.
 * @returns the path of its binary.
 * @throws {Error} when the registry does not have it for this machine, or does not answer in time.
 */
export async function findDeno(version: string): Promise<string> {
  const name = `npm:@deno/${toTarget()}@${version}/package.json`;
  // Another process, because an import here would write the package into this project's lock file.
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      ...["--quiet", "--no-config", "--no-lock", "--node-modules-dir=none"],
      `await import("${name}", { with: { type: "json" } });
       console.log(import.meta.resolve("${name}"));`,
    ],
    stdin: "null",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const { success, stdout, stderr } = await command.output();
  const [text, reason] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
  if (!success) {
    const why = reason || `no answer within ${TIMEOUT_MS / 1_000} seconds`;
    throw new Error(`Deno ${version} could not be had from npm (${name}): ${why}`);
  }
  const isWindows = Deno.build.os === "windows";
  const binary = fileURLToPath(new URL(isWindows ? "deno.exe" : "deno", text));
  if (!isWindows) await Deno.chmod(binary, 0o755);
  return binary;
}

function toTarget(): string {
  const { os, arch } = Deno.build;
  const machine = arch === "aarch64" ? "arm64" : "x64";
  return os === "windows"
    ? `win32-${machine}`
    : os === "linux"
    ? `linux-${machine}-glibc`
    : `${os}-${machine}`;
}
