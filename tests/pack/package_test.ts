/** The package as an app installs it from npm: size, types, the client on Node, functions on Deno. */
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertLessOrEqual, assertMatch } from "@std/assert";
import chat from "../../functions/chat/index.ts";
import stream from "../../functions/stream/index.ts";
import { createRouter } from "../../tools/functions.ts";
import { createEnvironment, TOKEN } from "../support/caller.ts";
import { completion, createUpstream, streamOf } from "../support/upstream.ts";
import type { PackageReport } from "./package_project.ts";

const MAX_CLIENT_BYTES = 6 * 1024;
const MAX_TARBALL_BYTES = 1.5 * 1024 * 1024;
const PROGRAM = fileURLToPath(new URL("package_project.ts", import.meta.url));

// Packing needs npm.
const ignore = !(await deno(["eval", 'await new Deno.Command("npm", { args: ["-v"] }).output()']))
  .success;

Deno.test(
  { name: "the npm package, installed in an empty project", ignore },
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

    await t.step("has a tarball of at most 1.5 MB and no dependencies", () => {
      assertLessOrEqual(report.tarballBytes, MAX_TARBALL_BYTES);
      const { dependencies, peerDependenciesMeta } = report.manifest;
      assertEquals(dependencies, undefined);
      const optional = { optional: true };
      assertEquals(peerDependenciesMeta, { "@insforge/sdk": optional, react: optional });
    });

    await t.step("has a client of at most 6 KB, minified and gzipped", () => {
      assertLessOrEqual(report.clientBytes, MAX_CLIENT_BYTES);
      assertEquals(report.clientInputs.filter((path) => !path.startsWith("client/")), []);
    });

    await t.step("imports only React, and InsForge's SDK when it is needed", () => {
      const places = report.imports.map((line) => line.replace(/^chunks\/\w+\.js/, "chunk"));
      assertEquals(new Set(places), new Set(["client/react.js: react", "chunk: @insforge/sdk"]));
    });

    await t.step("has types that compile with TypeScript 5 and 7 and find misspelt fields", () => {
      assertEquals(report.faults, {
        "5 bundler": "",
        "5 nodenext": "",
        "7 bundler": "",
        "7 nodenext": "",
      });
      for (const [path, text] of Object.entries(report.modules)) {
        const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, "");
        if (path.startsWith("client/")) assert(!/\bzod\b/.test(code), path);
      }
      assertMatch(report.modules["client/contract.d.ts"]!, /finish_reason: string \| null;/);
    });

    await t.step(
      "has functions and a library that run on Deno, with schemas of any copy of zod",
      () => {
        assertEquals(report.deno, {
          chat: "AUTH_UNAUTHORIZED",
          valid: { further: true },
          invalid: '"limit" must be 1 or more',
        });
      },
    );

    await t.step("has a client that works on Node", () => {
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
