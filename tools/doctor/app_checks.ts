/** Checks what is on this machine: functions, assistants and settings. */
import { createSettings, type Environment, withValues } from "../../shared/settings.ts";
import type { App } from "../app.ts";
import { listSlugs, loadFunction } from "../functions.ts";
import { installPrompts } from "../prompts/folder.ts";
import { checkCombinations, findInvalidValues } from "../start/setting_checks.ts";
import type { Finding } from "./finding.ts";

/** The limits of which a live app needs at least one. */
const LIMITS = [
  "USER_REQUESTS_PER_MINUTE",
  "USER_TOKENS_PER_DAY",
  "USER_USD_PER_DAY",
  "USER_USD_PER_MONTH",
  "PROJECT_USD_PER_DAY",
  "PROJECT_USD_PER_MONTH",
] as const;

/**
 * Loads every function of the app, as `serve` does.
 *
 * @returns the slugs of the app, and what was found.
 */
export async function checkFunctions(
  app: App,
): Promise<{ slugs: string[]; findings: Finding[] }> {
  const subject = "functions";
  let slugs: string[];
  try {
    slugs = listSlugs(app);
  } catch (error) {
    const text = (error as Error).message;
    return { slugs: [], findings: [{ level: "fail", subject, text }] };
  }
  const failures: Finding[] = [];
  for (const slug of slugs) {
    try {
      await loadFunction(slug, app);
    } catch (error) {
      const text = `${slug} does not load: ${(error as Error).message}`;
      failures.push({ level: "fail", subject, text });
    }
  }
  const loaded: Finding = { level: "ok", subject, text: slugs.join(", ") };
  return { slugs, findings: failures.length > 0 ? failures : [loaded] };
}

/** Reads the app's prompt files, and gives them to the checks of the settings. */
export async function checkAssistants({ root }: App): Promise<Finding[]> {
  const subject = "assistants";
  try {
    const names = (await installPrompts(root)).map(({ name }) => name);
    return names.length > 0 ? [{ level: "ok", subject, text: names.join(", ") }] : [];
  } catch (error) {
    return (error as Error).message.split("\n").map((text) => ({ level: "fail", subject, text }));
  }
}

/**
 * Checks the values of the settings, and which of them contradict each other.
 *
 * @param slugs the functions of the app.
 */
export function checkSettings(environment: Environment, slugs: string[]): Finding[] {
  const subject = "settings";
  const invalid = findInvalidValues(environment);
  // InsForge sets it where functions are deployed, and the embedded InsForge does, too.
  const withKey = withValues({ API_KEY: "set by InsForge" }, environment);
  const { faults, warnings } = checkCombinations(withKey, { slugs });
  const findings: Finding[] = [
    ...[...invalid, ...faults].map((text): Finding => ({ level: "fail", subject, text })),
    ...warnings.map((text): Finding => ({ level: "note", subject, text })),
  ];
  if (invalid.length === 0) {
    const settings = createSettings(environment);
    if (!LIMITS.some((name) => settings[name] !== undefined)) {
      const text = "no limit is set: any user may spend all that the key may spend; " +
        "before the app goes live, set USER_USD_PER_DAY and PROJECT_USD_PER_DAY";
      findings.push({ level: "note", subject, text });
    }
  }
  return findings.some(({ level }) => level === "fail")
    ? findings
    : [{ level: "ok", subject, text: "every value is valid" }, ...findings];
}
