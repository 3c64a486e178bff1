/**
 * The programs that tests may run: this Deno, and PostgreSQL's server and Chromium where they are
 * installed. When this module is run, it prints them for `--allow-run`.
 */
import { CHROMIUM } from "../../tools/chromium.ts";

/** Where Debian and its derivatives install the two programs of a server, newest version first. */
const SERVERS = [18, 17, 16, 15]
  .map((version) => `/usr/lib/postgresql/${version}/bin`)
  .map((folder) => ({ initdb: `${folder}/initdb`, postgres: `${folder}/postgres` }));

/** PostgreSQL's programs that these tests may run; undefined where it is not installed. */
export const postgresPrograms = SERVERS.find((server) => Object.values(server).every(mayRun));

/** Whether these tests may start Chromium. */
export const mayRunChromium = mayRun(CHROMIUM);

/** Returns the paths of the programs that are installed, for `--allow-run`. */
export function listPrograms(): string[] {
  const server = SERVERS.find((server) => !Object.values(server).some(isMissing));
  const programs = [Deno.execPath(), ...Object.values(server ?? {} as Record<string, string>)];
  return isMissing(CHROMIUM) ? programs : [...programs, CHROMIUM];
}

if (import.meta.main) console.log(listPrograms().join());

function mayRun(program: string): boolean {
  // With `deno test -A` the permission does not tell whether the program exists.
  const { state } = Deno.permissions.querySync({ name: "run", command: program });
  return state === "granted" && !isMissing(program);
}

/**
 * Whether the program is certainly missing. Without read permission this is false: the permission
 * to run was then given by a process that had looked.
 */
function isMissing(path: string): boolean {
  try {
    return !Deno.statSync(path).isFile;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}
