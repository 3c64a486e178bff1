/** An app that has packages of the library in other versions. */
import { assertEquals, assertMatch } from "@std/assert";
import { type AppFolder, createApp } from "./app_folder.ts";

const DEADLINE_MS = 120_000;
/** Each has one export, and nothing that the library uses. */
const PACKAGES = { zod: "3.25.76", hono: "4.0.0", jose: "5.0.0", "gray-matter": "1.0.0" };
const OWN = { zod: "zod 3.25.76", hono: "hono 4.0.0" };

const FILES = {
  "package.json": JSON.stringify({
    type: "module",
    // The range of hono includes the version that the library has.
    dependencies: { zod: "^3.25.0", hono: "^4.0.0", jose: "^5.0.0", "gray-matter": "^1.0.0" },
  }),
  ...Object.fromEntries(
    Object.entries(PACKAGES).flatMap(([name, version]) => [
      [
        `node_modules/${name}/package.json`,
        JSON.stringify({ name, version, type: "module", main: "index.js" }),
      ],
      [`node_modules/${name}/index.js`, `export const VERSION = "${name} ${version}";`],
    ]),
  ),
  "functions/chat/index.ts": 'export { default } from "insforge-ai-functions/chat";\n',
  "functions/speech/index.ts": 'export { default } from "insforge-ai-functions/speech";\n',
  "functions/versions/index.ts": `
    import { VERSION as zod } from "zod";
    import { VERSION as hono } from "hono";

    export default (_: Request): Response => Response.json({ zod, hono });`,
  "functions/chat/index_test.ts": `
    import { deepEqual } from "node:assert/strict";
    import { startSandbox } from "insforge-ai-functions/testing";
    import chat from "./index.ts";

    Deno.test("answers", async () => {
      await using sandbox = await startSandbox({ answers: ["Hello"] });
      const { body } = await sandbox.call(chat, { prompt: "Hi" });
      deepEqual(body.text, "Hello");
    });`,
};

let app: AppFolder;

Deno.test.beforeAll(async () => void (app = await createApp(FILES, { hasCopy: true })));
Deno.test.afterAll(async () => await app[Symbol.asyncDispose]());

Deno.test(
  "build takes the library's packages for the library, and the app's for the app",
  { timeout: DEADLINE_MS },
  async () => {
    const { code, output } = await app.run(["build"]);
    assertEquals(code, 0, output);
    const { default: versions } = await import(`${app.path}/.local/build/cloud/versions.ts`);
    assertEquals(await (await versions(new Request("http://app.test"))).json(), OWN);
  },
);

Deno.test(
  "start takes the library's packages for the library, and the app's for the app",
  { timeout: DEADLINE_MS },
  async () => {
    await using server = await start();
    const chat = await fetch(`${server.url}/chat`, { method: "POST" });
    assertEquals([chat.status, (await chat.json()).error], [401, "AUTH_INVALID_CREDENTIALS"]);
    assertEquals(await (await fetch(`${server.url}/versions`)).json(), OWN);
  },
);

Deno.test("test finds the library's packages", { timeout: DEADLINE_MS }, async () => {
  const { code, output } = await app.run(["test"]);
  assertEquals(code, 0, output);
});

Deno.test(
  "doctor builds the app, and says that a deployment needs a project and a key",
  { timeout: DEADLINE_MS },
  async () => {
    const { code, output } = await app.run(["doctor"], { ALLOWED_MODELS: "anthropic/*" });
    assertEquals(code, 0, output);
    assertMatch(output, /^ok +build +3 functions can be deployed$/m);
    const last = "Local use: works. Deployment: needs OPENROUTER_API_KEY and a project";
    assertEquals(output.trimEnd().split("\n").at(-1), last);
    // No other function of the app has a default model of its own.
    const affected = [...output.matchAll(/: (\S+) will reject requests/g)].map(([, slug]) => slug);
    assertEquals(affected, ["speech"]);
  },
);

Deno.test("doctor fails when the functions cannot be built", { timeout: DEADLINE_MS }, async () => {
  // A package that Deno finds and the bundler does not: the module is loaded late.
  await using other = await createApp({
    "functions/late/index.ts": `
      export default async (_: Request): Promise<Response> => {
        const { text } = await import("not-installed");
        return new Response(text);
      };`,
  });
  const { code, output } = await other.run(["doctor"]);
  assertEquals(code, 1, output);
  assertMatch(output, /^fail +build +[\s\S]*Could not resolve "not-installed"/m);
  assertMatch(output, /^Local use: works\. Deployment: 1 of these would fail, needs /m);
});

/** Starts the server of the app, without a back end. */
async function start() {
  const child = app.spawn(["start"], {
    PORT: "0",
    INSFORGE_BASE_URL: "http://127.0.0.1:9",
    OPENROUTER_API_KEY: "sk-or-v1-test",
    JWT_SECRET: "0123456789abcdef0123456789abcdef",
  });
  const output = new Response(child.stdout).text();
  const lines = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let url: string | undefined;
  while (!url) {
    const { value, done } = await lines.read();
    if (done) throw new Error(`start ended: ${text}${await output}`);
    text += value;
    url = /^Functions +(http\S+?)\/</m.exec(text)?.[1];
  }
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await lines.cancel();
      await Promise.all([child.status, output]);
    },
  };
}
