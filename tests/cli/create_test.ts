import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { createFunction, type Template, TEMPLATES } from "../../tools/cli/create.ts";
import { CommandFailure } from "../../tools/cli/failure.ts";
import { createAppFiles } from "./app_files.ts";

for (const template of Object.keys(TEMPLATES) as Template[]) {
  Deno.test(`new --${template} writes a function of at most 30 lines with its test`, () => {
    using app = createAppFiles();
    const files = createFunction(app.root, "support-bot", template);
    assertEquals(files.includes("prompts/support-bot.md"), template === "assistant");
    for (const file of files) assert(!app.read(file)!.includes("my-function"), file);
    const code = app.read("functions/support-bot/index.ts")!;
    assertStringIncludes(code, 'slug: "support-bot"');
    assertLessOrEqual(code.split("\n").length, 31);
    assertStringIncludes(app.read("functions/support-bot/index_test.ts")!, "Deno.test(");
  });
}

Deno.test("new replaces nothing that exists", () => {
  using app = createAppFiles({ "prompts/support-bot.md": "ours" });
  assertThrows(
    () => createFunction(app.root, "support-bot", "assistant"),
    CommandFailure,
    "prompts/support-bot.md exists already",
  );
  assertEquals(app.read("functions/support-bot/index.ts"), undefined);
});

Deno.test("new rejects slugs that InsForge rejects", () => {
  using app = createAppFiles();
  for (const slug of ["Health", "health", "../x", "a b", "", "-a"]) {
    assertThrows(() => createFunction(app.root, slug, "prompt"), CommandFailure, `"${slug}"`);
  }
});
