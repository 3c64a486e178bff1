/** The tasks of an app whose functions are partly built in and partly its own. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { LIBRARY, listLibraryEntries, openApp } from "../../tools/app.ts";
import { getAccessToken } from "../support/session.ts";
import { type AppFolder, createApp } from "./app_folder.ts";

const DEADLINE_MS = 240_000;
const ANY_PORT = { PORT: "0", INSFORGE_PORT: "0", OPENROUTER_PORT: "0" };

const FILES = {
  "package.json": '{ "type": "module", "dependencies": { "greetings": "1.0.0" } }',
  "node_modules/greetings/package.json":
    '{ "name": "greetings", "version": "1.0.0", "type": "module", "main": "index.js" }',
  "node_modules/greetings/index.js": 'export const GREETING = "Good morning";',
  "functions/_shared/words.ts": 'export const LANGUAGE: string = "French";',
  "functions/chat/index.ts": 'export { default } from "insforge-ai-functions/chat";\n',
  // It has the slug of a built-in function.
  "functions/models/index.ts": `
    export default (_: Request): Response => Response.json({ models: "the app's own" });`,
  "functions/translate/index.ts": `/** Translates a text. */
    import { withAi } from "insforge-ai-functions";
    import * as z from "insforge-ai-functions/zod";
    import { GREETING } from "greetings";
    import { LANGUAGE } from "../_shared/words.ts";

    export const body = z.object({ text: z.optional(z.string()) });

    export default withAi({ slug: "translate", body }, async ({ body, ai }) => {
      const { text } = await ai.complete({
        system: \`Translate into \${LANGUAGE}.\`,
        prompt: body.text ?? GREETING,
      });
      return Response.json({ text });
    });`,
  "functions/translate/reference.ts": `
    import * as z from "insforge-ai-functions/zod";
    import { body } from "./index.ts";

    export const reference = {
      operations: {
        "POST /": {
          summary: "Translates a text into French",
          request: body,
          answer: z.object({ text: z.string() }),
          errors: [400, 401, 413],
          examples: {
            "A greeting": { request: { text: "Good morning" }, answer: { text: "Bonjour" } },
          },
        },
      },
    };`,
  "functions/translate/index_test.ts": `
    import { deepEqual } from "node:assert/strict";
    import { startSandbox } from "insforge-ai-functions/testing";
    import translate from "./index.ts";

    Deno.test("translates the greeting", async () => {
      await using sandbox = await startSandbox({ answers: ["Bonjour"] });
      const { body } = await sandbox.call(translate, {});
      deepEqual(body, { text: "Bonjour" });
      deepEqual(sandbox.requests[0].messages[1].content, "Good morning");
    });`,
  "migrations/0001_notes.sql": "create table notes (id int primary key);",
};

let app: AppFolder;

Deno.test.beforeAll(async () => void (app = await createApp(FILES)));
Deno.test.afterAll(async () => await app[Symbol.asyncDispose]());

Deno.test("the library's entries are those of the package that are not for browsers", () => {
  const exported = Object.entries(config.exports)
    .filter(([, path]) => !path.startsWith("./client/"))
    .map(([name, path]) => [config.name + name.slice(1), LIBRARY + path.slice(2)]);
  const entries = listLibraryEntries();
  for (const [name = "", path] of exported) assertEquals(entries[name], path);
  const slugs = Object.values(entries).filter((path) => path.startsWith(`${LIBRARY}functions/`));
  assertEquals(Object.keys(entries).length, exported.length + slugs.length);
});

Deno.test("names the command that a developer calls", () => {
  assertEquals(openApp(LIBRARY).command, "deno task");
  assertEquals(openApp("/somewhere/else").command, "npx insforge-ai");
});

Deno.test("serve runs exactly the functions of the app", { timeout: DEADLINE_MS }, async () => {
  await using stack = await startServe();
  const { functionsUrl, insforgeUrl } = stack;
  const headers = { Authorization: `Bearer ${await getAccessToken({ insforgeUrl })}` };
  const call = async (slug: string, body: unknown) => {
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    const response = await fetch(`${functionsUrl}/${slug}`, init);
    return { status: response.status, body: await response.json() };
  };
  const chat = await call("chat", { prompt: "Hello" });
  assertEquals([chat.status, chat.body.finish_reason], [200, "stop"]);
  const translated = await call("translate", {});
  assertEquals([translated.status, typeof translated.body.text], [200, "string"]);
  assertEquals((await call("models", {})).body, { models: "the app's own" });
  assertEquals(await call("stream", { prompt: "Hello" }), {
    status: 404,
    body: { error: "Function not found" },
  });

  const reference = await (await fetch(`${functionsUrl}/openapi.json`)).json();
  assertEquals(reference.tags.map(({ name }: { name: string }) => name), ["chat", "translate"]);
  assertEquals(reference.tags[1].description, "Translates a text.");
  assertEquals(Object.keys(reference.paths), ["/chat", "/translate"]);
  const { requestBody, responses } = reference.paths["/translate"].post;
  assertEquals(Object.keys(requestBody.content["application/json"].schema.properties), ["text"]);
  assertEquals(Object.keys(responses), ["200", "400", "401", "408", "413"]);
  const left = [...stack.errors().matchAll(/^The API reference leaves out "(.*?)"/gm)];
  assertEquals(left.map(([, slug]) => slug), ["models"]);

  const project = { INSFORGE_BASE_URL: insforgeUrl, INSFORGE_API_KEY: stack.apiKey };
  const { code, output } = await app.run(["deploy", "--dry-run", "chat", "models"], project);
  assertEquals(code, 0, output);
  const planned = [...output.matchAll(/^function +(\S+): create, /gm)];
  assertEquals(planned.map(([, slug]) => slug), ["chat", "models"]);
  const applied = await fetch(`${insforgeUrl}/api/database/migrations`, {
    headers: { Authorization: `Bearer ${stack.apiKey}` },
  });
  assertStringIncludes(await applied.text(), '"notes"');
  assertMatch(output, /^dry run: nothing has changed$/m);

  const deployed = await app.run(["deploy", "models", "translate"], project);
  assertEquals(deployed.code, 0, deployed.output);
  for (const slug of ["models", "translate"]) {
    assertMatch(deployed.output, new RegExp(`^${slug}: deployed; http\\S+ answers$`, "m"));
  }
});

Deno.test(
  "build writes the functions of the app, and checks them",
  { timeout: DEADLINE_MS },
  async () => {
    const { code, output } = await app.run(["build"]);
    assertEquals(code, 0, output);
    const names = [...Deno.readDirSync(`${app.path}/.local/build/cloud`)].map(({ name }) => name)
      .sort();
    assertEquals(names, ["chat.ts", "models.ts", "translate.ts"]);
    const translate = await Deno.readTextFile(`${app.path}/.local/build/cloud/translate.ts`);
    assertStringIncludes(translate, "Good morning");
    const { default: models } = await import(`${app.path}/.local/build/cloud/models.ts`);
    assertEquals(await (await models(new Request("http://app.test"))).json(), {
      models: "the app's own",
    });
  },
);

Deno.test("test runs the tests of the app", { timeout: DEADLINE_MS }, async () => {
  const { code, output } = await app.run(["test"]);
  assertEquals(code, 0, output);
  assertStringIncludes(output, "1 passed");
});

Deno.test(
  "deploy rejects a function that the app does not have",
  { timeout: DEADLINE_MS },
  async () => {
    const { code, output } = await app.run(["deploy", "--dry-run", "stream"], {
      INSFORGE_BASE_URL: "http://127.0.0.1:9",
      INSFORGE_API_KEY: "ik_test",
    });
    assertEquals(code, 4);
    assertStringIncludes(
      output,
      "Unknown function stream; the functions are chat, models, translate",
    );
  },
);

Deno.test("says how to add a function when the app has none", async () => {
  await using empty = await createApp({ "package.json": "{}" });
  const { code, output } = await empty.run(["deploy", "--dry-run"], {
    INSFORGE_BASE_URL: "http://127.0.0.1:9",
    INSFORGE_API_KEY: "ik_test",
  });
  assertEquals(code, 1);
  assertStringIncludes(output, '"npx insforge-ai add chat" adds one');
});

/** Starts `serve` and reads what it prints. */
async function startServe() {
  const child = app.spawn(["serve"], ANY_PORT);
  let errors = "";
  const collected = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) errors += text;
  })();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\nIn your app:\n")) {
    const { value, done } = await lines.read();
    if (done) throw new Error(`serve ended: ${text}${errors}`);
    text += value;
  }
  const find = (pattern: RegExp) => {
    const [, found = ""] = pattern.exec(text) ?? [];
    assert(found, text);
    return found;
  };
  return {
    functionsUrl: find(/^Functions +(\S+)/m),
    insforgeUrl: find(/^InsForge +(\S+)/m),
    apiKey: find(/^API key +(\S+)/m),
    errors: () => errors,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await lines.cancel();
      await Promise.all([child.status, collected]);
    },
  };
}
