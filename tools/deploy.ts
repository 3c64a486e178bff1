/** The task `deploy`: deploys the functions to an InsForge project. See `--help`. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openApp } from "./app.ts";
import type { Platform } from "./build/bundle.ts";
import { prepareArtefacts } from "./deploy/artefacts.ts";
import { systemClock } from "./deploy/clock.ts";
import { DeployFailure, EXIT_CODES } from "./deploy/failure.ts";
import { readLink } from "./deploy/link.ts";
import { deploy, type DeployContext, listFunctions } from "./deploy/mod.ts";
import { Project } from "./deploy/project.ts";
import { readSecretValues, redact } from "./deploy/redaction.ts";
import { rollBack } from "./deploy/roll_back.ts";
import { readEnvironment } from "./environment.ts";
import { listenForSignals } from "./signals.ts";

const app = openApp();

const HELP = `${app.command} deploy [slug…]
                                deploy these functions, or all, and what they need
  --dry-run                     print what would be done, and change nothing
  --only-migrations             apply the migrations that the project lacks, nothing else
  --only-secrets                set the secrets that the project lacks, nothing else
  --rollback                    put back the code that the latest deploy replaced
  --rollback <slug…>            put back the previous code of these functions; a function that a
                                deploy created is deleted
  --list                        list the functions of the project
  --platform cloud|self-hosted  where the project runs functions, if deploy cannot tell

The project is that of INSFORGE_BASE_URL and INSFORGE_API_KEY, in the environment or in .env, or the
one linked by "npx @insforge/cli link".
Exit codes: 0 done, 1 failed, 2 no key, 3 no project, 4 not found, 5 key refused, 130 interrupted`;

const secrets: string[] = [];
const print = (line: string) => console.log(redact(line, secrets));
const interruption = new AbortController();

try {
  await main();
} catch (error) {
  const { message } = error as Error;
  console.error(redact(message, secrets));
  Deno.exitCode = error instanceof DeployFailure ? EXIT_CODES[error.kind] : EXIT_CODES.failed;
}
// A listener for signals would keep the process alive.
Deno.exit();

async function main(): Promise<void> {
  const { values, positionals: slugs } = parseCommand();
  if (values.help) return print(HELP);
  const platform = parsePlatform(values.platform);
  const modes = (["only-migrations", "only-secrets", "rollback", "list"] as const)
    .filter((mode) => values[mode]);
  if (modes.length > 1) {
    throw new DeployFailure(`--${modes.join(" and --")} cannot be combined`);
  }
  const [mode] = modes;
  if (slugs.length > 0 && mode && mode !== "rollback") {
    throw new DeployFailure(`--${mode} cannot be combined with slugs`);
  }

  const environment = await readEnvironment();
  const link = await readLink(environment);
  secrets.push(link.key, ...readSecretValues(environment));
  listenForSignals(interrupt, () => Deno.exit(EXIT_CODES.interrupted));
  const context: DeployContext = {
    project: new Project(link, systemClock, print),
    build: mode ? () => Promise.resolve([]) : await prepareArtefacts(app, slugs),
    environment,
    migrationFolders: app.migrationFolders,
    historyFolder: join(app.localFolder, "deploy"),
    clock: systemClock,
    print,
    signal: interruption.signal,
  };
  const dryRun = values["dry-run"];
  if (mode === "list") return await listFunctions(context);
  if (mode === "rollback") return await rollBack(context, slugs, { dryRun });
  const only = mode &&
    ({ "only-migrations": "migrations", "only-secrets": "secrets" } as const)[mode];
  await deploy(context, { platform, only, dryRun });
}

function parseCommand() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        "dry-run": { type: "boolean" },
        "only-migrations": { type: "boolean" },
        "only-secrets": { type: "boolean" },
        rollback: { type: "boolean" },
        list: { type: "boolean" },
        platform: { type: "string" },
        help: { type: "boolean" },
      },
    });
  } catch (error) {
    const [problem] = (error as Error).message.split(". ");
    throw new DeployFailure(`${problem}\n\n${HELP}`);
  }
}

function parsePlatform(value: string | undefined): Platform | undefined {
  if (value === undefined || value === "cloud" || value === "self-hosted") return value;
  throw new DeployFailure(`--platform must be "cloud" or "self-hosted"`);
}

/** Ends the deploy between two functions. */
function interrupt(): void {
  print("stopping after the request in flight; a second signal stops at once");
  interruption.abort(new DeployFailure("interrupted", "interrupted"));
}
