/** The examples in the docstrings of the library run. */
import { assertEquals } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { createEnvironment, send } from "../support/caller.ts";
import { completion, createUpstream } from "../support/upstream.ts";

const ROOT = new URL("../../", import.meta.url);
const FOLDER = new URL(`.local/examples-${crypto.randomUUID()}/`, ROOT);

for (const name of ["mod.ts", "core.ts"]) {
  Deno.test(`the example of shared/${name} translates`, async () => {
    await Deno.mkdir(FOLDER, { recursive: true });
    try {
      const module = new URL(name, FOLDER);
      await Deno.writeTextFile(module, await readExample(name));
      const { default: translate } = await import(module.href);

      await using openrouter = await createUpstream();
      openrouter.reply({ json: completion({ content: "Bonjour" }) });
      const environment = createEnvironment({ OPENROUTER_BASE_URL: openrouter.url });
      const body = { text: "Good morning", to: "French" };
      const response = await send(translate, environment, body, { path: "/translate" });
      assertEquals([response.status, response.body], [200, { text: "Bonjour" }]);
    } finally {
      await Deno.remove(FOLDER, { recursive: true });
    }
  });
}

/** The code of a module's only example, with the library's own files in place of its name. */
async function readExample(name: string): Promise<string> {
  const source = await Deno.readTextFile(new URL(`shared/${name}`, ROOT));
  const [, example] = /@example\n \* ```ts\n([\s\S]*?) \* ```/.exec(source)!;
  const code = example!.replaceAll(/^ \* ?/gm, "");
  return Object.entries(config.exports).reduce(
    (code, [entry, path]) =>
      code.replace(`"${config.name}${entry.slice(1)}"`, `"${new URL(path, ROOT).href}"`),
    code,
  );
}
