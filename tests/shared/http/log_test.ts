import { assertEquals, assertStringIncludes } from "@std/assert";
import { batchLogLines, flushLogLines, writeLogLine } from "../../../shared/http/log.ts";

const written: string[] = [];
console.log = (text: string) => void written.push(text);

Deno.test("writeLogLine writes at once, and in batches when the process asked for them", async () => {
  writeLogLine("a");
  assertEquals(written, ["a"]);
  batchLogLines();
  writeLogLine("b");
  writeLogLine("c");
  assertEquals(written, ["a"]);
  flushLogLines();
  flushLogLines();
  assertEquals(written, ["a", "b\nc"]);
  writeLogLine("d");
  await new Promise((resolve) => setTimeout(resolve, 40));
  assertEquals(written, ["a", "b\nc", "d"]);
});

const ENDS = {
  "exits": [3, "Deno.exit(3)"],
  "throws an uncaught error": [1, "throw new Error()"],
  "leaves a rejection unhandled": [1, "Promise.reject(new Error())"],
  "ends": [0, ""],
} as const;
for (const [end, [expected, code]] of Object.entries(ENDS)) {
  Deno.test(`a process that batches writes the lines that wait when it ${end}`, async () => {
    const module = new URL("../../../shared/http/log.ts", import.meta.url).href;
    const script = `import { batchLogLines, writeLogLine } from "${module}";
      batchLogLines();
      writeLogLine("a");
      writeLogLine("b");
      ${code}`;
    const { code: exit, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", script],
      stderr: "null",
    }).output();
    assertEquals(exit, expected);
    assertStringIncludes(new TextDecoder().decode(stdout), "a\nb\n");
  });
}
