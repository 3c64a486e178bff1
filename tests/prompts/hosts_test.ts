/** The prompts of an app reach its functions on every host, and a wrong one stops each tool. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { openApp } from "../../tools/app.ts";
import { bundleFunctions } from "../../tools/build/bundle.ts";
import { startStack } from "../../tools/local/stack.ts";
import { startStandalone } from "../../tools/start/standalone.ts";
import { createApp } from "../app/app_folder.ts";
import { createEnvironment, createRequest } from "../support/caller.ts";

const HELP = {
  "functions/help/index.ts": `import { withAi } from "insforge-ai-functions";
import * as z from "insforge-ai-functions/zod";

export default withAi(
  { slug: "help", body: z.looseObject({}) },
  async ({ body, ai }) => Response.json(await ai.complete(body)),
);
`,
};
const SUPPORT = `---
model: openai/gpt-4o
variables: { product: { type: string, max_length: 5 } }
---
You answer questions about {{product}}.
`;
const BROKEN = "---\ntemperature: hot\n---\nBe brief.\n";
const FAULT = 'prompts/support.md: "temperature" must be a number';
const PORTS: Record<string, string> = { PORT: "0", INSFORGE_PORT: "0", OPENROUTER_PORT: "0" };

const DEADLINE_MS = 120_000;

/** A request that is refused by what the prompt file says, so that no server is needed. */
const TOO_LONG = { assistant: "support", prompt: "Hello", variables: { product: "x".repeat(6) } };
const REFUSAL = '"variables.product" must have at most 5 characters';

Deno.test({
  name: "build puts the prompts of the app into both artefacts of a function",
  timeout: DEADLINE_MS,
  fn: async () => {
    await using folder = await createApp({ ...HELP, "prompts/support.md": SUPPORT });
    const { code, output } = await folder.run(["build"]);
    assertEquals(code, 0, output);
    const module = await Deno.readTextFile(`${folder.path}/.local/build/cloud/help.ts`);
    const script = await Deno.readTextFile(`${folder.path}/.local/build/self-hosted/help.js`);
    for (
      const [text, handler] of [[module, await loadModule(module)], [
        script,
        loadScript(script),
      ]] as const
    ) {
      assertStringIncludes(text, "You answer questions about {{product}}.");
      const response = await handler(createRequest(TOO_LONG), createEnvironment());
      assertEquals((await response.json()).message, REFUSAL);
    }
  },
});

Deno.test("start gives the prompts of the app to its functions", async () => {
  await using folder = await createApp({ ...HELP, "prompts/support.md": SUPPORT });
  const server = await startStandalone(createEnvironment(PORTS), openApp(folder.path));
  try {
    const { headers, body, method } = createRequest(TOO_LONG);
    const response = await fetch(`${server.url}/help`, { method, headers, body });
    assertEquals((await response.json()).message, REFUSAL);
  } finally {
    await server.stop();
  }
});

Deno.test("build, start and serve stop at a wrong prompt file and name the field", async () => {
  await using folder = await createApp({ ...HELP, "prompts/support.md": BROKEN });
  const app = openApp(folder.path);
  await assertRejects(() => bundleFunctions(app), Error, FAULT);
  await assertRejects(() => startStandalone(createEnvironment(PORTS), app), Error, FAULT);
  await assertRejects(() => startStack({ get: (name) => PORTS[name] }, { app }), Error, FAULT);
});

Deno.test("start refuses the model of a prompt file that ALLOWED_MODELS does not allow", async () => {
  await using folder = await createApp({ ...HELP, "prompts/support.md": SUPPORT });
  const environment = createEnvironment({
    ...PORTS,
    OPENROUTER_CHAT_MODEL: "google/gemini-2.5-flash",
    ALLOWED_MODELS: "google/*",
  });
  await assertRejects(
    () => startStandalone(environment, openApp(folder.path)),
    Error,
    'prompts/support.md has the model "openai/gpt-4o", which ALLOWED_MODELS does not allow',
  );
});

Deno.test("start warns when ASSISTANTS_ONLY is set and the app has no prompts", async () => {
  await using folder = await createApp(HELP);
  const environment = createEnvironment({ ...PORTS, ASSISTANTS_ONLY: "true" });
  const server = await startStandalone(environment, openApp(folder.path));
  try {
    assertStringIncludes(
      server.warnings.join("\n"),
      "prompts/ has no file: no model can be called",
    );
  } finally {
    await server.stop();
  }
});

type Handler = (request: Request, environment: unknown) => Promise<Response>;

async function loadModule(code: string): Promise<Handler> {
  const { default: handler } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  return handler;
}

function loadScript(code: string): Handler {
  const module: { exports: unknown } = { exports: {} };
  new Function("exports", "module", code)(module.exports, module);
  return module.exports as Handler;
}
