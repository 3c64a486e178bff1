/** `deno task serve`: its process, its settings, and its output. */
import { HOPELESS } from "../tools/serve/restarts.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { withValues } from "../shared/settings.ts";
import { readEnvironment } from "../tools/environment.ts";
import { describeStack } from "../tools/local/banner.ts";
import { startStack } from "../tools/local/stack.ts";
import { toServerUrl } from "../tools/start/server_url.ts";
import { createEnvironment, TOKEN } from "./support/caller.ts";

const TASK = new URL("../tools/task.ts", import.meta.url).pathname;
const PROGRAM = new URL("../tools/serve/program.ts", import.meta.url).pathname;
/** Settings without a gateway's key, and with another InsForge. */
const KEYLESS = createEnvironment({
  ...{ PORT: "0", OPENROUTER_PORT: "0" },
  ...{ OPENROUTER_API_KEY: undefined, OPENROUTER_BASE_URL: undefined },
});

Deno.test("serve does not start on a data folder that another serve uses, with or without --fresh", async () => {
  await Deno.mkdir(".local", { recursive: true });
  const folder = await Deno.makeTempDir({ dir: ".local" });
  await Deno.mkdir(`${folder}/.local/insforge`, { recursive: true });
  await Deno.writeTextFile(`${folder}/.local/insforge/keys.json`, "mine");
  using lock = await Deno.open(`${folder}/.local/serve.lock`, { create: true, write: true });
  await lock.lock(true);

  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-read", "--allow-write", "--allow-env", PROGRAM, "--fresh"],
    cwd: folder,
  }).output();
  assertEquals(code, HOPELESS);
  assertStringIncludes(new TextDecoder().decode(stderr), 'serve" runs in this folder');
  assertEquals(await Deno.readTextFile(`${folder}/.local/insforge/keys.json`), "mine");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("serve does not start with an unknown option", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", TASK, "serve", "--frsh"],
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(code, 1);
  assertMatch(new TextDecoder().decode(stderr), /^Unknown option '--frsh'/m);
});

Deno.test("serve explains its options", async () => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", TASK, "serve", "--help"],
  }).output();
  assertEquals(code, 0);
  const text = new TextDecoder().decode(stdout);
  for (const option of ["--fresh", "--watch", "--help"]) assertStringIncludes(text, option);
});

Deno.test("the command line of every task is short", () => {
  for (const { command } of Object.values(config.tasks)) assert(command.length < 80, command);
});

Deno.test("names the tasks when a task is unknown", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", TASK, "toString"],
  }).output();
  assertEquals(code, 1);
  const text = new TextDecoder().decode(stderr);
  assertMatch(text, /^Unknown task "toString"; the tasks are .*\bserve, .*\btest\n$/);
});

Deno.test("the packages of serve have the versions of the whole repository", async () => {
  const read = async (path: string) =>
    JSON.parse(await Deno.readTextFile(new URL(`../${path}`, import.meta.url)));
  const imports = config.imports as Record<string, string>;
  const { npm } = await read("deno.lock");
  for (const name of ["start", "serve", "build"]) {
    const own = await read(`tools/packages/${name}/deno.json`);
    assertEquals(own.unstable, config.unstable);
    for (const [specifier, target] of Object.entries(own.imports)) {
      assertEquals(target, imports[specifier], `${specifier}: run "deno task packages"`);
    }
    const lock = await read(`tools/packages/${name}/deno.lock`);
    const packages = Object.entries(lock.npm as Record<string, { integrity: string }>);
    assert(packages.length < Object.keys(npm).length);
    for (const [id, { integrity }] of packages) {
      assertEquals(integrity, npm[id]?.integrity, `${id}: run "deno task packages"`);
    }
  }
});

Deno.test("reads all settings of a .env that begins with a byte order mark", async () => {
  await Deno.mkdir(".local", { recursive: true });
  const file = await Deno.makeTempFile({ dir: ".local", suffix: ".env" });
  await Deno.writeTextFile(file, "\uFEFFCANARY_FIRST=one\r\nexport CANARY_NEXT='two' # words\r\n");
  const environment = await readEnvironment(file);
  assertEquals(["CANARY_FIRST", "CANARY_NEXT"].map(environment.get), ["one", "two"]);
  await Deno.remove(file);
});

Deno.test("serve and start print a URL that can be reached, and that OAuth can return to", () => {
  for (
    const [hostname, host] of [
      ["127.0.0.1", "127.0.0.1"],
      ["0.0.0.0", "127.0.0.1"],
      ["::", "127.0.0.1"],
      ["::1", "localhost"],
      ["fe80::1", "[fe80::1]"],
    ] as const
  ) {
    const url = toServerUrl({ hostname, port: 8000 });
    assertEquals(url, `http://${host}:8000`);
  }
});

Deno.test("serve simulates the chosen gateway, even when another gateway's key is set", async () => {
  for (
    const [AI_GATEWAY, settings, isSimulated, told] of [
      [
        "pinata",
        { OPENROUTER_API_KEY: "sk-or-v1-real" },
        true,
        /^Pinata +http:\/\/127.*simulated/m,
      ],
      ["pinme", { OPENROUTER_API_KEY: "sk-or-v1-real" }, true, /^PinMe +http:\/\/127.*simulated/m],
      ["openrouter", { PINATA_LLM_KEY: "real" }, true, /^OpenRouter +http:\/\/127.*simulated/m],
      [
        "pinata",
        { PINATA_LLM_KEY: "real" },
        false,
        /^Pinata +https:\/\/agents\.pinata\.cloud\S+$/m,
      ],
      ["pinme", { PINME_API_KEY: "real" }, false, /^PinMe +https:\/\/pinme\.cloud\S+$/m],
    ] as [string, Record<string, string>, boolean, RegExp][]
  ) {
    const environment = withValues({ ...settings, AI_GATEWAY }, KEYLESS);
    await using stack = await startStack(environment);
    assertMatch(describeStack(stack), told);
    assertEquals(stack.openrouter !== undefined, isSimulated);
    const setup = await fetch(`${stack.functionsUrl}/playground.json`);
    assertEquals((await setup.json()).isSimulated, isSimulated);
    if (!isSimulated) continue;
    const response = await fetch(`${stack.functionsUrl}/chat`, {
      method: "POST",
      headers: { Authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify({ prompt: "Hello" }),
    });
    assertEquals([response.status, (await response.json()).finish_reason], [200, "stop"]);
    assertEquals(stack.openrouter!.requests.length, 1);
  }
});
