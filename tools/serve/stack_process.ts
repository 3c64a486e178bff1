/** The command line of the process that runs the stack: its packages and its permissions. */
import { fileURLToPath } from "node:url";
import { settingNames } from "../../shared/settings.ts";
import { preparePackages } from "../packages/configuration.ts";

const PROGRAM = fileURLToPath(new URL("program.ts", import.meta.url));

/**
 * Starts the stack in a process of its own, which may read the project, write to `.local`, use the
 * network, read the settings, and run this Deno: for deployed functions and the API reference.
 *
 * @param options the options of the program, such as `--fresh`.
 */
export async function startStackProcess(options: string[]): Promise<Deno.ChildProcess> {
  const permissions = [
    "--allow-net",
    "--allow-read=.",
    "--allow-write=.local",
    `--allow-run=${Deno.execPath()}`,
    `--allow-env=${settingNames.join()}`,
  ];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", ...await preparePackages("serve"), ...permissions, PROGRAM, ...options],
    stdin: "null",
  }).spawn();
}
