import { assertEquals } from "@std/assert";
import { createSettings, settingNames, withValues } from "../../shared/settings.ts";

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

Deno.test("withValues looks up what it lacks", () => {
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
