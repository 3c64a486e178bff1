/** The client as an app gets it from npm: its size, its types, and that it runs on Node. */
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertLessOrEqual, assertMatch } from "@std/assert";
import chat from "../../functions/chat/index.ts";
import stream from "../../functions/stream/index.ts";
import { createRouter } from "../../tools/functions.ts";
import { createEnvironment, TOKEN } from "../support/caller.ts";
import { completion, createUpstream, streamOf } from "../support/upstream.ts";
import type { PackageReport } from "./package_project.ts";

const MAX_BYTES = 6 * 1024;
const PROGRAM = fileURLToPath(new URL("package_project.ts", import.meta.url));

// Where there is Deno alone, nobody packs for npm.
const ignore = !(await deno(["eval", 'await new Deno.Command("npm", { args: ["-v"] }).output()']))
  .success;

Deno.test({ name: "the client's package, installed in an empty project", ignore }, async (t) => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() }, { sse: streamOf("Hello", "!") });
  const environment = createEnvironment({ OPENROUTER_BASE_URL: upstream.url });
  const route = createRouter(new Map([["chat", chat], ["stream", stream]]), environment);
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  await using server = Deno.serve(options, (request) => route(request));

  const functionsUrl = `http://127.0.0.1:${server.addr.port}`;
  const { stdout } = await deno(["run", "-A", PROGRAM, functionsUrl, TOKEN], "inherit");
  const report: PackageReport = JSON.parse(stdout);

  await t.step("is 6 KB at most, minified and gzipped, and made of the client alone", () => {
    assertLessOrEqual(report.size, MAX_BYTES);
    assertEquals(report.inputs.filter((path) => !path.startsWith("client/")), []);
    const { dependencies } = JSON.parse(report.installed["package.json"]);
    assertEquals([dependencies, / from "(?!\.\/)/.test(report.installed["mod.js"])], [
      undefined,
      false,
    ]);
  });

  await t.step("has types that need nothing else", () => {
    assertEquals(report.faults, { bundler: [], nodenext: [] });
    for (const [name, text] of Object.entries(report.installed)) {
      if (name.endsWith(".d.ts")) assert(!/zod|from "(?!\.\/\w+\.js")/.test(text), name);
    }
    assertMatch(report.installed["contract.d.ts"], /prompt\?: string;/);
  });

  await t.step("works on Node", () => {
    const { version, ...said } = report.node;
    assertMatch(version, /^v(2\d|[3-9]\d)\./);
    assertEquals(said, {
      text: "Hello!",
      parts: ["text", "text", "usage", "finish"],
      code: "AUTH_INVALID_CREDENTIALS",
    });
  });
});

async function deno(
  args: string[],
  stderr: "inherit" | "null" = "null",
): Promise<{ success: boolean; stdout: string }> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), { args, stderr }).output();
  return { success, stdout: new TextDecoder().decode(stdout) };
}
