import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { initApp } from "../../tools/cli/init.ts";
import { CommandFailure } from "../../tools/cli/failure.ts";
import { createAppFiles } from "./app_files.ts";

Deno.test("init creates what an empty folder lacks, and prints three steps", () => {
  using app = createAppFiles();
  const lines = initApp(app.root);
  assertEquals(lines.filter((line) => /^ {2}\d\. npx insforge-ai /.test(line)).length, 3);
  assertEquals(JSON.parse(app.read("deno.json")!), {
    imports: { "insforge-ai-functions": "npm:insforge-ai-functions" },
  });
  assertStringIncludes(app.read(".gitignore")!, ".local/\n.env\n");
  assertStringIncludes(app.read(".env.example")!, "# USER_USD_PER_DAY=0.50\n");
});

Deno.test("init changes nothing when it is repeated", () => {
  using app = createAppFiles();
  const files = ["deno.json", ".gitignore", ".env.example"];
  initApp(app.root);
  const before = files.map(app.read);
  const lines = initApp(app.root);
  assertEquals(files.map(app.read), before);
  assertEquals(lines.filter((line) => line.endsWith(": nothing to do")).length, 4);
});

Deno.test("init keeps lines, comments and values that an app has", () => {
  const configuration = `{
  // Our own settings.
  "imports": { "@/": "./src/" },
}
`;
  using app = createAppFiles({
    "deno.jsonc": configuration,
    ".gitignore": "node_modules\n.env",
    ".env.example": "OPENROUTER_API_KEY=ours\n",
  });
  initApp(app.root);
  const text = app.read("deno.jsonc")!;
  assertStringIncludes(text, "// Our own settings.");
  assertStringIncludes(text, '"@/": "./src/"');
  assertStringIncludes(text, '"insforge-ai-functions": "npm:insforge-ai-functions"');
  assertEquals(app.read("deno.json"), undefined);
  assert(app.read(".gitignore")!.startsWith("node_modules\n.env\n\n# "));
  assertEquals(app.read(".gitignore")!.match(/^\.env$/gm)?.length, 1);
  assertEquals(app.read(".env.example")!.match(/OPENROUTER_API_KEY/g)?.length, 1);
});

Deno.test("init keeps an import of the library that points elsewhere", () => {
  const configuration = '{"imports":{"insforge-ai-functions":"../ours/mod.ts"}}';
  using app = createAppFiles({ "deno.json": configuration });
  initApp(app.root);
  assertEquals(app.read("deno.json"), configuration);
});

Deno.test("init fails when the Deno configuration is not JSON", () => {
  using app = createAppFiles({ "deno.json": "{ imports" });
  assertThrows(() => initApp(app.root), CommandFailure, "deno.json must be JSON");
  assertEquals(app.read("deno.json"), "{ imports");
});

Deno.test("init names the linked project and never its key", () => {
  const link = { oss_host: "https://app1.us-east.insforge.app", api_key: "ik_secret" };
  using app = createAppFiles({ ".insforge/project.json": JSON.stringify(link) });
  const text = initApp(app.root).join("\n");
  assertStringIncludes(text, "linked to app1.us-east.insforge.app");
  assert(!text.includes("ik_secret"));
  assert(!text.includes("@insforge/cli link"));
});

Deno.test("init points to a key in .env.local that the tools do not read", () => {
  using app = createAppFiles({ ".env.local": "OPENROUTER_API_KEY=sk-or-v1-secret\n" });
  const text = initApp(app.root).join("\n");
  assertStringIncludes(text, ".env.local: has OPENROUTER_API_KEY");
  assert(!text.includes("sk-or-v1-secret"));
});

Deno.test("init excludes functions/ from a TypeScript configuration that includes every folder", () => {
  const cases: [before: string, exclude: unknown][] = [
    ['{ "include": ["next-env.d.ts", "**/*.ts"], "exclude": ["node_modules"] }', [
      "node_modules",
      "functions",
    ]],
    ['{ "include": ["**/*.ts"], "exclude": ["functions"] }', ["functions"]],
    ["{}", ["node_modules", "functions"]],
    ['{ "include": ["src"] }', undefined],
    ['{ "files": [], "references": [{ "path": "./tsconfig.app.json" }] }', undefined],
  ];
  for (const [before, exclude] of cases) {
    using app = createAppFiles({ "tsconfig.json": before });
    initApp(app.root);
    assertEquals(JSON.parse(app.read("tsconfig.json")!).exclude, exclude, before);
  }
});

Deno.test("init creates no TypeScript configuration", () => {
  using app = createAppFiles();
  initApp(app.root);
  assertEquals(app.read("tsconfig.json"), undefined);
});
