import { assertEquals, assertThrows } from "@std/assert";
import { ApiError } from "../../shared/errors.ts";
import { createSettings, settingNames, withValues } from "../../shared/settings.ts";

function read(values: Record<string, string>) {
  return createSettings({ get: (name) => values[name] });
}

Deno.test("settings have the defaults the README promises", () => {
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

Deno.test("a setting is read when it is asked for, every time", () => {
  const values: Record<string, string> = { PORT: "nonsense" };
  const settings = read(values);
  assertEquals(settings.HOST, "127.0.0.1");
  values.PORT = "8123";
  assertEquals(settings.PORT, 8123);
});

Deno.test("an empty setting counts as not set, and an address loses its last slash", () => {
  const settings = read({ AUTH_STRICT: " ", INSFORGE_BASE_URL: "https://x.example/" });
  assertEquals(settings.AUTH_STRICT, false);
  assertEquals(settings.INSFORGE_BASE_URL, "https://x.example");
});

for (
  const [name, value, form] of [
    ["REQUEST_DEADLINE_MS", "999", "a whole number of milliseconds from 1000"],
    ["REQUEST_DEADLINE_MS", "5s", "a whole number of milliseconds from 1000"],
    ["MAX_OUTPUT_TOKENS", "-1", "a whole number of tokens from 1"],
    ["MAX_OUTPUT_TOKENS", "1.5", "a whole number of tokens from 1"],
    ["PORT", "70000", "a whole number from 0 to 65535"],
    ["AUTH_STRICT", "yes", '"true" or "false"'],
    ["OPENROUTER_BASE_URL", "openrouter.ai", "an http or https address"],
    ["ALLOWED_ORIGINS", "https://a.example,b.example/", "a comma list of origins"],
    ["OPENROUTER_API_KEY", "sk-\nx", "printable ASCII"],
  ] as const
) {
  Deno.test(`${name}=${JSON.stringify(value)} is refused by name and form, not by value`, () => {
    const error = assertThrows(() => read({ [name]: value })[name], ApiError, form);
    assertEquals(error.message.includes(name), true);
    assertEquals(error.message.includes(value), false);
    assertEquals([error.status, error.code], [500, "INTERNAL_ERROR"]);
  });
}

Deno.test("withValues looks up what it lacks", () => {
  const environment = withValues({ HOST: "::1" }, { get: (name) => `${name} from outside` });
  assertEquals(environment.get("HOST"), "::1");
  assertEquals(environment.get("PORT"), "PORT from outside");
});

Deno.test("every setting has its line in .env.example and its row in the README", async () => {
  const root = new URL("../../", import.meta.url);
  const example = await Deno.readTextFile(new URL(".env.example", root));
  const readme = await Deno.readTextFile(new URL("README.md", root));
  for (const name of settingNames) {
    assertEquals(new RegExp(`^#? ?${name}=`, "m").test(example), true, `${name} in .env.example`);
    assertEquals(readme.includes(`\`${name}\``), true, `${name} in the README`);
  }
});
