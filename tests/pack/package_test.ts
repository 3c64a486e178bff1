/** The package as an app installs it from npm: size, types, the client on Node, functions on Deno. */
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertGreater, assertLessOrEqual, assertMatch } from "@std/assert";
import chat from "../../functions/chat/index.ts";
import stream from "../../functions/stream/index.ts";
import { createRouter } from "../../tools/functions.ts";
import type { AppReport } from "../cli/app_project.ts";
import { createEnvironment, TOKEN } from "../support/caller.ts";
import { mayRunChromium } from "../support/programs.ts";
import { completion, createUpstream, streamOf } from "../support/upstream.ts";
import type { PackageReport } from "./package_project.ts";
import { hasNpm, packOnce, runProgram } from "./tarball.ts";

const MAX_CLIENT_BYTES = 6 * 1024;
const MAX_TARBALL_BYTES = 1.5 * 1024 * 1024;
/** Packing, compiling and installing take a minute, and several on a busy machine. */
const TIMEOUT_MS = 420_000;
const PROGRAM = fileURLToPath(new URL("package_project.ts", import.meta.url));
const APP_PROGRAM = fileURLToPath(new URL("../cli/app_project.ts", import.meta.url));

const ignore = !await hasNpm();

Deno.test(
  { name: "the npm package, installed in an empty project", ignore, timeout: TIMEOUT_MS },
  async (t) => {
    await using upstream = await createUpstream();
    upstream.reply({ json: completion() }, { sse: streamOf("Hello", "!") });
    const environment = createEnvironment({ OPENROUTER_BASE_URL: upstream.url });
    const route = createRouter(new Map([["chat", chat], ["stream", stream]]), environment);
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    await using server = Deno.serve(options, (request) => route(request));

    const functionsUrl = `http://127.0.0.1:${server.addr.port}`;
    const tarball = await packOnce();
    const report: PackageReport = JSON.parse(
      await runProgram(PROGRAM, tarball, functionsUrl, TOKEN),
    );

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

Deno.test(
  {
    name: "the commands of a new developer, in an empty folder with the package",
    ignore: ignore || !mayRunChromium,
    timeout: TIMEOUT_MS,
  },
  async (t) => {
    const report: AppReport = JSON.parse(await runProgram(APP_PROGRAM, await packOnce()));
    console.error(`${report.commands.length} commands, ${report.seconds.toFixed(1)} seconds`);

    await t.step("the code that serve prints streams an answer in a page, after 4 commands", () => {
      assertEquals(report.commands.map((command) => command.replace(/ \S+\.tgz$/, "")), [
        "npm install --offline --no-audit --no-fund",
        "npx insforge-ai init",
        "npx insforge-ai add chat stream",
        "npx insforge-ai serve",
      ]);
      assertGreater(report.pieces, 5);
      assertGreater(report.streamingMs, 0);
    });

    await t.step("serve takes the app's own function in place of the built-in one", () => {
      assertEquals(report.ownChat, { own: true, user: true });
    });

    await t.step("test runs the test of a new function", () => {
      assertMatch(report.printed.test, /support-bot streams the assistant's answer \.\.\. ok/);
      assertMatch(report.printed.test, /ok \| 2 passed \| 0 failed/);
    });

    await t.step("deploy --dry-run lists the functions of the app, and no other", () => {
      const slugs = [...report.printed.dryRun.matchAll(/^function +(\S+): create/gm)];
      assertEquals(slugs.map(([, slug]) => slug), [
        ...["chat", "embeddings", "models", "rerank", "speech", "stream", "support-bot"],
        ...["transcribe", "usage", "v1"],
      ]);
      assertMatch(report.printed.dryRun, /dry run: nothing has changed/);
    });

    await t.step("deploy takes two of ten functions alone", () => {
      assertMatch(report.printed.deploy, /^stream: deployed; /m);
      assertMatch(report.printed.deploy, /^support-bot: deployed; /m);
      assertMatch(report.printed.list, /: 2 functions\n/);
    });
  },
);
