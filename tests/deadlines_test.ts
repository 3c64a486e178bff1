/** Every test of `deno task test` has a deadline. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { openApp } from "../tools/app.ts";
import { repositoryTasks } from "../tools/task/repository_tasks.ts";

const ROOT = new URL("../", import.meta.url);
const PRELOAD = "tests/support/deadlines.ts";

Deno.test("the test task loads the deadlines before the tests", async () => {
  const ran: string[][] = [];
  const run = (args: string[]) => Promise.resolve(Number(ran.push(args) < 0));
  await repositoryTasks.test!({ app: openApp(), options: [], run });
  assertEquals(ran.map(([name]) => name), ["install", "test"]);
  assertStringIncludes(ran.flat().join(" "), `--preload ${PRELOAD} `);
});

Deno.test("a test that waits for ever fails at the deadline, in each form of Deno.test", async () => {
  const file = await createTestFile(`
    const hang = () => new Promise<void>((resolve) => setTimeout(resolve, 30_000));
    Deno.test("by name", hang);
    Deno.test("by name and options", { sanitizeOps: true }, hang);
    Deno.test({ name: "by definition", fn: hang });
    Deno.test({ name: "by options" }, hang);
    Deno.test(function byFunction() { return hang(); });
    Deno.test("in a loop without end", () => { for (;;); });
  `);
  const output = await run(file, { deadlineMs: 100 });
  assertMatch(output, /\| 0 passed \| 6 failed/);
  assertEquals(output.match(/Test timed out after 100ms/g)?.length, 6);
  // The place is that of the test and not that of the wrapper.
  assertMatch(output, /by name => \S*deadlines_\S*_test\.ts:3:/);
});

Deno.test("a test that states its own timeout keeps it", async () => {
  const file = await createTestFile(`
    const wait = () => new Promise<void>((resolve) => setTimeout(resolve, 300));
    Deno.test("longer", { timeout: 20_000 }, wait);
    Deno.test({ name: "shorter", timeout: 7, fn: wait });
  `);
  const output = await run(file, { deadlineMs: 50 });
  assertMatch(output, /longer \.\.\. ok/);
  assertMatch(output, /Test timed out after 7ms/);
});

async function createTestFile(text: string): Promise<string> {
  await Deno.mkdir(".local", { recursive: true });
  const file = await Deno.makeTempFile({ dir: ".local", prefix: "deadlines_", suffix: "_test.ts" });
  await Deno.writeTextFile(file, text);
  return file;
}

async function run(file: string, { deadlineMs }: { deadlineMs: number }): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-config", "--no-check", "--allow-env", "--preload", PRELOAD, file],
    cwd: ROOT,
    env: { NO_COLOR: "1", TEST_DEADLINE_MS: String(deadlineMs) },
    stdin: "null",
  }).output();
  await Deno.remove(file);
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}
