import { mock } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import {
  createSettings,
  keepSettings,
  perSettings,
  settingNames,
  withValues,
} from "../../shared/settings.ts";

function read(values: Record<string, string>) {
  return createSettings({ get: (name) => values[name] });
}

Deno.test("settings have the defaults that docs/settings.md states", () => {
  const settings = read({});
  assertEquals(settings.OPENROUTER_BASE_URL, "https://openrouter.ai/api/v1");
  assertEquals(settings.MAX_PROMPT_CHARS, 4000);
  assertEquals(settings.MAX_OUTPUT_TOKENS, 16384);
  assertEquals(settings.MAX_BODY_BYTES, undefined);
  assertEquals(settings.REQUEST_DEADLINE_MS, 55000);
  assertEquals(settings.ALLOWED_ORIGINS, ["*"]);
  assertEquals(settings.AUTH_STRICT, false);
  assertEquals(settings.OPENROUTER_API_KEY, undefined);
});

Deno.test("a setting is read on first access", () => {
  const values: Record<string, string> = { PORT: "nonsense" };
  const settings = read(values);
  assertEquals(settings.HOST, "127.0.0.1");
  values.PORT = "8123";
  assertEquals(settings.PORT, 8123);
});

Deno.test("an empty setting counts as not set, and a URL loses its last slash", () => {
  const settings = read({ AUTH_STRICT: " ", INSFORGE_BASE_URL: "https://x.example/" });
  assertEquals(settings.AUTH_STRICT, false);
  assertEquals(settings.INSFORGE_BASE_URL, "https://x.example");
});

Deno.test("withValues looks up missing names in the environment", () => {
  const environment = withValues({ HOST: "::1" }, { get: (name) => `${name} from outside` });
  assertEquals(environment.get("HOST"), "::1");
  assertEquals(environment.get("PORT"), "PORT from outside");
});

Deno.test("every setting has a line in .env.example and a row in docs/settings.md", async () => {
  const root = new URL("../../", import.meta.url);
  const example = await Deno.readTextFile(new URL(".env.example", root));
  const page = await Deno.readTextFile(new URL("docs/settings.md", root));
  for (const name of settingNames) {
    assertEquals(new RegExp(`^#? ?${name}=`, "m").test(example), true, `${name} in .env.example`);
    assertEquals(page.includes(`\`${name}\``), true, `${name} in docs/settings.md`);
  }
});

Deno.test("keepSettings returns the same settings for one second, then reads them again", () => {
  const values: Record<string, string> = { PORT: "1" };
  const environment = { get: (name: string) => values[name] };
  let now = 5_000;
  mock.method(performance, "now", () => now);
  try {
    const settings = keepSettings(environment);
    assertEquals(settings.PORT, 1);
    values.PORT = "2";
    now += 999;
    assertEquals(keepSettings(environment) === settings, true);
    now += 1;
    assertEquals(keepSettings(environment).PORT, 2);
    assertEquals(keepSettings({ get: () => "3" }).PORT, 3);
  } finally {
    mock.restoreAll();
  }
});

Deno.test("perSettings computes a value once for each settings object, and keeps no failure", () => {
  let computed = 0;
  const read = perSettings((settings) => {
    computed++;
    return settings.PORT;
  });
  const settings = createSettings({ get: () => "1" });
  assertEquals([read(settings), read(settings), computed], [1, 1, 1]);
  assertEquals([read(createSettings({ get: () => "2" })), computed], [2, 2]);
  const invalid = createSettings({ get: () => "x" });
  assertThrows(() => read(invalid));
  assertThrows(() => read(invalid));
  assertEquals(computed, 4);
});
