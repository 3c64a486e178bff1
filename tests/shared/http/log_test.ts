import { assertEquals } from "@std/assert";
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
