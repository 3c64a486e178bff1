import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { addFunctions, describeFunctions } from "../../tools/cli/add.ts";
import { CommandFailure } from "../../tools/cli/failure.ts";
import { listSlugs } from "../../tools/functions.ts";
import { createAppFiles } from "./app_files.ts";

Deno.test("add writes one line per function, with the aliases of those that have some", () => {
  using app = createAppFiles();
  addFunctions(app.root, ["chat", "legacy-compat"]);
  assertEquals(
    app.read("functions/chat/index.ts"),
    'export { default } from "insforge-ai-functions/chat";\n',
  );
  assertEquals(
    app.read("functions/legacy-compat/index.ts"),
    'export { aliases, default } from "insforge-ai-functions/legacy-compat";\n',
  );
});

Deno.test("add keeps a function of the app that has the slug", () => {
  using app = createAppFiles({ "functions/chat/index.ts": "// ours\n" });
  const lines = addFunctions(app.root, ["chat", "stream"]);
  assertEquals(lines, [
    "functions/chat/index.ts exists and stays as it is",
    "functions/stream/index.ts added",
  ]);
  assertEquals(app.read("functions/chat/index.ts"), "// ours\n");
});

Deno.test("add names the functions that exist when one is unknown, and adds nothing", () => {
  using app = createAppFiles();
  const error = assertThrows(() => addFunctions(app.root, ["chat", "chatt"]), CommandFailure);
  assertMatch(error.message, /^Unknown function chatt; the functions are .*\bchat, connect, /);
  assertEquals(app.read("functions/chat/index.ts"), undefined);
});

Deno.test("list describes every built-in function and marks those that the app has", () => {
  using app = createAppFiles({ "functions/chat/index.ts": "" });
  const lines = describeFunctions(app.root);
  assertEquals(lines.map((line) => line.slice(2).split(" ")[0]), listSlugs());
  for (const line of lines) assertMatch(line, /^[* ] [\w-]+ {2,}[A-Z][^.]{10,100}$/);
  assert(lines.find((line) => line.startsWith("* chat")));
  assert(lines.find((line) => line.startsWith("  stream")));
});
