import { assertEquals, assertStringIncludes } from "@std/assert";
import { openApp } from "../../tools/app.ts";
import { checkAssistants, checkFunctions, checkSettings } from "../../tools/doctor/app_checks.ts";
import type { Finding } from "../../tools/doctor/finding.ts";
import { summarize } from "../../tools/doctor/summary.ts";
import { createAppFiles } from "../cli/app_files.ts";

const environment = (values: Record<string, string>) => ({ get: (name: string) => values[name] });

Deno.test("lists the functions of the app that load", async () => {
  const code = 'export default () => new Response("ok");';
  using app = createAppFiles({ "functions/one/index.ts": code, "functions/two/index.ts": code });
  assertEquals(await checkFunctions(openApp(app.root)), {
    slugs: ["one", "two"],
    findings: [{ level: "ok", subject: "functions", text: "one, two" }],
  });
});

Deno.test("fails for a function that does not load, and names it", async () => {
  using app = createAppFiles({
    "functions/one/index.ts": 'export default () => new Response("ok");',
    "functions/two/index.ts": 'throw new Error("no such setting");',
  });
  const { findings } = await checkFunctions(openApp(app.root));
  assertEquals(findings, [
    { level: "fail", subject: "functions", text: "two does not load: no such setting" },
  ]);
});

Deno.test("fails for an app without functions, and says how to add one", async () => {
  using app = createAppFiles();
  const { slugs, findings: [finding] } = await checkFunctions(openApp(app.root));
  assertEquals([slugs, finding?.level], [[], "fail"]);
  assertStringIncludes(finding!.text, "npx insforge-ai add chat");
});

Deno.test("fails for a wrong prompt file, and names file and field", async () => {
  using app = createAppFiles({ "prompts/support.md": "---\ntemperature: hot\n---\nHello" });
  const [finding] = await checkAssistants(openApp(app.root));
  assertEquals(finding?.level, "fail");
  assertStringIncludes(finding!.text, "prompts/support.md");
  assertStringIncludes(finding!.text, "temperature");
});

Deno.test("notes that no limit is set", () => {
  const findings = checkSettings(environment({}), []);
  assertEquals(findings.map(({ level }) => level), ["ok", "note"]);
  assertStringIncludes(findings[1]!.text, "USER_USD_PER_DAY");
  const limited = checkSettings(environment({ USER_USD_PER_DAY: "1" }), []);
  assertEquals(limited.map(({ level }) => level), ["ok"]);
});

Deno.test("fails for invalid settings and for models that are not allowed", () => {
  const findings = checkSettings(
    environment({
      PORT: "many",
      USER_USD_PER_DAY: "1",
      ALLOWED_MODELS: "anthropic/*",
      OPENROUTER_CHAT_MODEL: "openai/gpt-4o-mini",
    }),
    ["chat"],
  );
  const failures = findings.filter(({ level }) => level === "fail").map(({ text }) => text);
  assertEquals(failures.length, 2);
  assertStringIncludes(failures[0]!, "PORT");
  assertStringIncludes(failures[1]!, "ALLOWED_MODELS does not allow");
});

Deno.test("notes a default model that is not allowed only for functions of the app", () => {
  const settings = environment({ ALLOWED_MODELS: "anthropic/*", USER_USD_PER_DAY: "1" });
  const notes = checkSettings(settings, ["rerank", "speech"])
    .filter(({ level }) => level === "note").map(({ text }) => text);
  assertEquals(notes.map((text) => /: (.*) will reject/.exec(text)?.[1]), ["rerank", "speech"]);
});

Deno.test("the last line says what works on this machine, and what a deployment needs", () => {
  const ok: Finding = { level: "ok", subject: "functions", text: "chat" };
  const key: Finding = {
    level: "note",
    subject: "OpenRouter",
    text: "",
    needs: "OPENROUTER_API_KEY",
  };
  const unlinked: Finding = { level: "note", subject: "project", text: "", needs: "a project" };
  const unbuilt: Finding = { level: "fail", subject: "build", text: "chat cannot be built" };
  const invalid: Finding = { level: "fail", subject: "settings", text: "PORT is invalid" };
  assertEquals(summarize([ok]), "Local use: works. Deployment: works");
  // The linked project may have the key.
  assertEquals(summarize([ok, key]), "Local use: works. Deployment: works");
  assertEquals(
    summarize([ok, key, unlinked]),
    "Local use: works. Deployment: needs OPENROUTER_API_KEY and a project",
  );
  assertEquals(
    summarize([unbuilt, unlinked]),
    "Local use: works. Deployment: 1 of these would fail, needs a project",
  );
  assertEquals(
    summarize([unbuilt, invalid]),
    "Local use: 1 of these would fail. Deployment: 2 of these would fail",
  );
});
