/** `doctor`: says what is configured, what can be reached, and what would fail. */
import { openApp } from "./app.ts";
import { checkAssistants, checkFunctions, checkSettings } from "./doctor/app_checks.ts";
import { checkGateway } from "./doctor/gateway_check.ts";
import { checkProject } from "./doctor/project_check.ts";
import { readEnvironment } from "./environment.ts";

const app = openApp();
const environment = await readEnvironment();
const functions = await checkFunctions(app);
const findings = [
  { level: "ok", subject: "deno", text: Deno.version.deno },
  ...functions.findings,
  ...await checkAssistants(app),
  ...checkSettings(environment),
  ...(await Promise.all([
    checkGateway(environment),
    checkProject(app, functions.slugs, environment),
  ])).flat(),
];
const width = Math.max(...findings.map(({ subject }) => subject.length));
for (const { level, subject, text } of findings) {
  console.log(`${level.padEnd(4)}  ${subject.padEnd(width)}  ${text}`);
}
const failures = findings.filter(({ level }) => level === "fail").length;
console.log(failures === 0 ? "\nNothing would fail" : `\n${failures} of these would fail`);
// Modules that were loaded may keep the process alive.
Deno.exit(failures === 0 ? 0 : 1);
