/** The command line of `deno task bench`. */
import { assert, assertEquals } from "@std/assert";
import { PARTS } from "../tools/bench/parts.ts";

const DEADLINE_MS = 30_000;

Deno.test("--help lists the options and every part", async () => {
  const { code, stdout } = await run("--help");
  assertEquals(code, 0);
  for (const word of ["--quick", "--only", ...Object.keys(PARTS)]) {
    assert(stdout.includes(word), word);
  }
});

Deno.test("refuses an unknown part or option, and says which there are", async () => {
  for (const args of [["--only", "json,speed"], ["--fast"]]) {
    const { code, stderr } = await run(...args);
    assertEquals(code, 1);
    assert(/Unknown (part "speed"|option '--fast')/.test(stderr), stderr);
    assert(stderr.includes("cold start"), stderr);
  }
});

async function run(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", "tools/bench.ts", ...args],
    signal: AbortSignal.timeout(DEADLINE_MS),
    stdin: "null",
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}
