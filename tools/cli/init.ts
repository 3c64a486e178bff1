/** `insforge-ai init`: prepares an app for functions. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { addImport, appendLines, excludeFromTypeScript, readText } from "./app_files.ts";
import { LIBRARY_NAME } from "./library.ts";

/** The settings that most apps need first; docs/settings.md has all of them. */
const SETTINGS = [
  "# OPENROUTER_API_KEY=",
  "# INSFORGE_BASE_URL=https://<appkey>.us-east.insforge.app",
  "# INSFORGE_API_KEY=ik_…",
  "# USER_REQUESTS_PER_MINUTE=20",
  "# USER_USD_PER_DAY=0.50",
  "# PROJECT_USD_PER_DAY=20",
  "# ALLOWED_MODELS=openai/gpt-4o-mini",
  "# ASSISTANTS_ONLY=true",
];
const SETTINGS_HEADING =
  "# AI functions: copy what you need to .env. Without a key, OpenRouter is simulated.";
/** Local data and the file with secrets. */
const IGNORED = [".local/", ".env", ".env.local"];
const IGNORED_HEADING = "# AI functions: local data and secrets";
/** Where InsForge's CLI keeps the project that a folder is linked to. */
const LINK_FILE = ".insforge/project.json";

/**
 * Prepares an app: the folder of its functions, an entry of its import map, lines of `.env.example` and
 * `.gitignore`. Nothing that exists is replaced, so it can be repeated.
 *
 * @returns what was done and what to do next, as lines to print.
 */
export function initApp(root: string): string[] {
  const lines: string[] = [];
  const report = (name: string, isChanged: boolean, what: string) =>
    lines.push(isChanged ? `${name}: ${what}` : `${name}: nothing to do`);

  const functionsFolder = join(root, "functions");
  report("functions/", !existsSync(functionsFolder), "created");
  mkdirSync(functionsFolder, { recursive: true });
  const target = `npm:${LIBRARY_NAME}`;
  const { file, isChanged } = addImport(root, { name: LIBRARY_NAME, target });
  report(file, isChanged, `imports ${LIBRARY_NAME}`);
  if (excludeFromTypeScript(root, "functions")) {
    report("tsconfig.json", true, "excludes functions/, which are written for Deno");
  }
  const settings = appendLines(join(root, ".env.example"), SETTINGS_HEADING, SETTINGS);
  report(".env.example", settings > 0, `${settings} settings added`);
  const ignored = appendLines(join(root, ".gitignore"), IGNORED_HEADING, IGNORED);
  report(".gitignore", ignored > 0, `${ignored} lines added`);

  const host = readLinkedHost(root);
  if (host) lines.push(`${LINK_FILE}: linked to ${host}`);
  if (hasLocalKey(root)) {
    lines.push(".env.local: has OPENROUTER_API_KEY; copy it to .env to use OpenRouter locally");
  }
  const deploy = host ? "deploy --dry-run" : "deploy --dry-run, after npx @insforge/cli link";
  return [
    ...lines,
    "",
    "Next:",
    "  1. npx insforge-ai add chat stream   (npx insforge-ai list shows all functions)",
    "  2. npx insforge-ai serve             (everything on this machine, without an account)",
    `  3. npx insforge-ai ${deploy}`,
  ];
}

/** The host of the linked project. The file also holds a key, which is never printed. */
function readLinkedHost(root: string): string | undefined {
  try {
    return new URL(JSON.parse(readText(join(root, LINK_FILE))).oss_host).host;
  } catch {
    return undefined;
  }
}

/** Whether InsForge's CLI has written a key of OpenRouter for this app. */
function hasLocalKey(root: string): boolean {
  const isSet = (file: string) => Boolean(parseEnv(readText(join(root, file))).OPENROUTER_API_KEY);
  return isSet(".env.local") && !isSet(".env");
}
