/** Other releases of Deno, from the npm registry, which has one package per platform. */
import { fileURLToPath } from "node:url";

/** About 50 MB are downloaded. */
const TIMEOUT_MS = 600_000;

/**
 * Finds a release of Deno, and downloads it when it is not in Deno's cache of npm packages.
 *
 * @param version such as `2.0.6`.
 * @returns the path of its binary.
 * @throws {Error} when the registry has no such package for this machine, or is too slow.
 */
export async function findDeno(version: string): Promise<string> {
  const name = `npm:@deno/${toTarget()}@${version}/package.json`;
  // In another process, because an import here would add the package to this project's lock file.
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
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (!success) {
    const why = decode(stderr) || `no response within ${TIMEOUT_MS / 1_000} seconds`;
    throw new Error(`Deno ${version} could not be downloaded from npm (${name}): ${why}`);
  }
  const isWindows = Deno.build.os === "windows";
  const binary = fileURLToPath(new URL(isWindows ? "deno.exe" : "deno", decode(stdout)));
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
