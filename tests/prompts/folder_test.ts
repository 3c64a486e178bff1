/** The folder of an app's prompts, as the tools read it. */
import { assertEquals, assertRejects } from "@std/assert";
import { listAssistants } from "../../shared/assistants/assistant.ts";
import { installPrompts } from "../../tools/prompts/folder.ts";

const ROOT = `.local/prompts-${crypto.randomUUID()}`;

async function withFiles(files: Record<string, string>, test: () => Promise<void>) {
  await Deno.mkdir(`${ROOT}/prompts`, { recursive: true });
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${ROOT}/prompts/${name}`, text);
    }
    await test();
  } finally {
    await Deno.remove(ROOT, { recursive: true });
  }
}

Deno.test("gives the functions the prompts of an app, sorted, and passes over other files", () =>
  withFiles({ "b.md": "B", "a.md": "A", "README.md": "{{x}}", "c.txt": "" }, async () => {
    const names = (await installPrompts(ROOT)).map(({ name }) => name);
    assertEquals(names, ["a", "b"]);
    assertEquals(listAssistants().map(({ text }) => text), ["A", "B"]);
  }));

Deno.test("names every file that is wrong, its field, and what would be right", () =>
  withFiles({ "a.md": "---\ntop: 1\n---\nA", "b.md": "", "c.md": "C" }, async () => {
    await assertRejects(
      () => installPrompts(ROOT),
      Error,
      'prompts/a.md: "top" is not a known field\n' +
        "prompts/b.md: The file must have a text below its front matter",
    );
  }));

Deno.test("an app without the folder has no assistants", async () => {
  assertEquals(await installPrompts(ROOT), []);
  assertEquals(listAssistants(), []);
});
