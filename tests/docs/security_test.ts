/** Beside each promise of SECURITY.md stands a test that exists. */
import { assert, assertEquals } from "@std/assert";
import { exists, pages } from "./pages.ts";

const { text } = pages.find(({ path }) => path === "SECURITY.md")!;
const promises = text.split("\n## Promises\n")[1]!.split("\n## ")[0]!;

Deno.test("every promise of SECURITY.md names a test, and the test exists", () => {
  const rows = promises.split("\n").filter((line) => /^\| (?!promise |-)/.test(line));
  assert(rows.length > 20, `only ${rows.length} promises`);
  const missing = rows.filter((row) => {
    const [, path = "", title = ""] = /`(tests\/[^`]+)`: "(.+?)"\s*\|$/.exec(row) ?? [];
    if (!exists(path)) return true;
    return !Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url)).includes(title);
  });
  assertEquals(missing, []);
});
