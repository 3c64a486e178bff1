/** `doctor`: says what is configured, what can be reached, and what would fail. */
import { openApp } from "./app.ts";
import { checkAssistants, checkFunctions, checkSettings } from "./doctor/app_checks.ts";
import { checkBuild } from "./doctor/build_check.ts";
import { checkGateway } from "./doctor/gateway_check.ts";
import type { Finding } from "./doctor/finding.ts";
import { checkProject } from "./doctor/project_check.ts";
import { summarize } from "./doctor/summary.ts";
import { readEnvironment } from "./environment.ts";

const app = openApp();
const environment = await readEnvironment();
const functions = await checkFunctions(app);
const loads = functions.findings.every(({ level }) => level === "ok");
const findings: Finding[] = [
  { level: "ok", subject: "deno", text: Deno.version.deno },
  ...functions.findings,
  ...await checkAssistants(app),
  ...loads ? await checkBuild(app) : [],
  ...checkSettings(environment, functions.slugs),
  ...(await Promise.all([
    checkGateway(environment),
    checkProject(app, functions.slugs, environment),
  ])).flat(),
];
const width = Math.max(...findings.map(({ subject }) => subject.length));
for (const { level, subject, text } of findings) {
  console.log(`${level.padEnd(4)}  ${subject.padEnd(width)}  ${text}`);
}
console.log(`\n${summarize(findings)}`);
// Modules that were loaded may keep the process alive.
Deno.exit(findings.some(({ level }) => level === "fail") ? 1 : 0);
