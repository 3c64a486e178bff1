/** The client as an app installs it from npm: its size, its types, and its use on Node. */
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

// Packing needs npm.
const ignore = !(await deno(["eval", 'await new Deno.Command("npm", { args: ["-v"] }).output()']))
  .success;

Deno.test(
  { name: "the client's npm package, installed in an empty project", ignore },
  async (t) => {
    await using upstream = await createUpstream();
    upstream.reply({ json: completion() }, { sse: streamOf("Hello", "!") });
    const environment = createEnvironment({ OPENROUTER_BASE_URL: upstream.url });
    const route = createRouter(new Map([["chat", chat], ["stream", stream]]), environment);
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    await using server = Deno.serve(options, (request) => route(request));

    const functionsUrl = `http://127.0.0.1:${server.addr.port}`;
    const { stdout } = await deno(["run", "-A", PROGRAM, functionsUrl, TOKEN], "inherit");
    const report: PackageReport = JSON.parse(stdout);

    await t.step("has at most 6 KB, minified and gzipped, and no dependencies", () => {
      assertLessOrEqual(report.size, MAX_BYTES);
      assertEquals(report.inputs.filter((path) => !path.startsWith("client/")), []);
      const { dependencies } = JSON.parse(report.installed["package.json"]!);
      assertEquals([dependencies, / from "(?!\.\/)/.test(report.installed["mod.js"]!)], [
        undefined,
        false,
      ]);
    });

    await t.step("has types that compile with TypeScript 5 and 7 and find misspelt fields", () => {
      assertEquals(report.faults, {
        "5 bundler": "",
        "5 nodenext": "",
        "7 bundler": "",
        "7 nodenext": "",
      });
      for (const [name, text] of Object.entries(report.installed)) {
        const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, "");
        if (name.endsWith(".d.ts")) assert(!/zod|from "(?!\.\/\w+\.js")/.test(code), name);
      }
      assertMatch(report.installed["contract.d.ts"]!, /finish_reason: string \| null;/);
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
  },
);

async function deno(
  args: string[],
  stderr: "inherit" | "null" = "null",
): Promise<{ success: boolean; stdout: string }> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), { args, stderr }).output();
  return { success, stdout: new TextDecoder().decode(stdout) };
}
