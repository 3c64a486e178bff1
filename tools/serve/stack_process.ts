/** The command line of the process that runs the stack: its packages and its permissions. */
import { fileURLToPath } from "node:url";
import { settingNames } from "../../shared/settings.ts";
import { type App, LIBRARY } from "../app.ts";
import { installPackages } from "../task/packages.ts";

const PROGRAM = fileURLToPath(new URL("program.ts", import.meta.url));

/**
 * Starts the stack in a process of its own, which may read the app and the library, write to
 * `.local`, use the network, read the settings, and run this Deno for deployed functions.
 *
 * @param options the options of the program, such as `--fresh`.
 */
export async function startStackProcess(app: App, options: string[]): Promise<Deno.ChildProcess> {
  const permissions = [
    "--allow-net",
    `--allow-read=${[...new Set([app.root, LIBRARY])].join()}`,
    `--allow-write=${app.localFolder}`,
    `--allow-run=${Deno.execPath()}`,
    `--allow-env=${settingNames.join()}`,
  ];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", ...await installPackages("serve", app), ...permissions, PROGRAM, ...options],
    cwd: app.root,
    stdin: "null",
  }).spawn();
}
