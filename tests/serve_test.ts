/** `deno task serve` as a process of its own. */
import { assertEquals, assertStringIncludes } from "@std/assert";

const SERVE = new URL("../tools/serve.ts", import.meta.url).pathname;

Deno.test("serve leaves a data folder alone that another serve uses, --fresh or not", async () => {
  await Deno.mkdir(".local", { recursive: true });
  const folder = await Deno.makeTempDir({ dir: ".local" });
  await Deno.mkdir(`${folder}/.local/insforge`, { recursive: true });
  await Deno.writeTextFile(`${folder}/.local/insforge/keys.json`, "mine");
  using lock = await Deno.open(`${folder}/.local/serve.lock`, { create: true, write: true });
  await lock.lock(true);

  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-read", "--allow-write", "--allow-env", SERVE, "--fresh"],
    cwd: folder,
  }).output();
  assertEquals(code, 1);
  assertStringIncludes(new TextDecoder().decode(stderr), 'Another "deno task serve" runs');
  assertEquals(await Deno.readTextFile(`${folder}/.local/insforge/keys.json`), "mine");
  await Deno.remove(folder, { recursive: true });
});
