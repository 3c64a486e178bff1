import { assertEquals, assertThrows } from "@std/assert";
import { ApiError } from "../../shared/errors.ts";
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

Deno.test("an address is one that a header takes, whatever letters it is written with", () => {
  const settings = read({
    OPENROUTER_SITE_URL: "https://例え.example/ü?a=1",
    INSFORGE_BASE_URL: "https://例え.example/p/",
  });
  assertEquals(settings.OPENROUTER_SITE_URL, "https://xn--r8jz45g.example/%C3%BC?a=1");
  assertEquals(settings.INSFORGE_BASE_URL, "https://xn--r8jz45g.example/p");
});

Deno.test("origins are those of pages and of apps in a web view", () => {
  const origins = ["https://a.example", "http://localhost:5173", "capacitor://localhost"];
  assertEquals(read({ ALLOWED_ORIGINS: origins.join(", ") }).ALLOWED_ORIGINS, origins);
});

Deno.test("what is allowed is everything, a list, or nothing", () => {
  assertEquals(read({}).ALLOWED_MODELS, ["*"]);
  assertEquals(read({ ALLOWED_MODELS: " openai/gpt-4o*, *:free," }).ALLOWED_MODELS, [
    "openai/gpt-4o*",
    "*:free",
  ]);
  assertEquals(read({ ALLOWED_PLUGINS: "none" }).ALLOWED_PLUGINS, []);
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
    ["INSFORGE_BASE_URL", "https://admin:secret@app.example", "an http or https address without"],
    ["INSFORGE_BASE_URL", "https://app.example/?project=1", "an http or https address without"],
    ["OPENROUTER_BASE_URL", "https://or.example/v1#", "an http or https address without"],
    ["OPENROUTER_SITE_URL", "app.example", "an http or https address"],
    ["API_KEY", "ik_…", "printable ASCII"],
    ["USER_USD_PER_DAY", "9".repeat(400), "a number of USD"],
    ["ALLOWED_ORIGINS", "https://a.example,b.example/", "a comma list of origins"],
    ["ALLOWED_ORIGINS", "https://a.example/x", "a comma list of origins"],
    ["ALLOWED_ORIGINS", "https://u@a.example", "a comma list of origins"],
    ["ALLOWED_ORIGINS", "null", "a comma list of origins"],
    ["ALLOWED_ORIGINS", "file://", "a comma list of origins"],
    ["ALLOWED_ORIGINS", ",,", "a comma list of origins"],
    ["ALLOWED_MODELS", "none,openai/*", "a comma list of models, in which * stands for any text"],
    ["ALLOWED_SERVER_TOOLS", "web_search datetime", "a comma list of server tools"],
    ["ALLOWED_PLUGINS", ",,", "a comma list of plugins"],
    ["OPENROUTER_API_KEY", "sk-\nx", "printable ASCII"],
    ["KEYS_ENCRYPTION_KEY", "correct horse battery staple", "a key of 32 bytes in base64 or hex"],
    ["KEYS_ENCRYPTION_KEY", "AAECAwQFBgcICQoLDA0ODw==", "a key of 32 bytes in base64 or hex"],
    ["KEYS_ENCRYPTION_KEY", `${"0f".repeat(32)},x`, "a key of 32 bytes in base64 or hex"],
    ["KEYS_ENCRYPTION_KEY", ",,", "a key of 32 bytes in base64 or hex"],
    ["CONNECT_RETURN_URLS", "shop.example", "a comma list of https addresses"],
    ["CONNECT_RETURN_URLS", "http://app.example.com/", "a comma list of https addresses"],
    ["CONNECT_RETURN_URLS", "https://u@app.example.com/", "a comma list of https addresses"],
    ["CONNECT_RETURN_URLS", "https://app.example.com/#x", "a comma list of https addresses"],
    ["CONNECT_RETURN_URLS", "https://*", "a comma list of https addresses"],
    ["CONNECT_RETURN_URLS", "https://app.example.com/*", "a comma list of https addresses"],
    ["CONNECT_RETURN_URLS", "myapp://done", "a comma list of https addresses"],
  ] as const
) {
  Deno.test(`${name}=${JSON.stringify(value)} is refused by name and form, not by value`, () => {
    const error = assertThrows(() => read({ [name]: value })[name], ApiError, form);
    assertEquals(error.message.includes(name), true);
    assertEquals(error.message.includes(value), false);
    assertEquals([error.status, error.code], [500, "INTERNAL_ERROR"]);
  });
}

Deno.test("encryption keys are read from base64 and hex, several in their order", () => {
  const bytes = Uint8Array.from({ length: 32 }, (_, i) => 255 - i);
  const hex = [...bytes].map((byte) => byte.toString(16)).join("");
  const base64 = btoa(String.fromCharCode(...bytes));
  for (const value of [hex, hex.toUpperCase(), base64, base64.replace("=", "")]) {
    assertEquals(read({ KEYS_ENCRYPTION_KEY: value }).KEYS_ENCRYPTION_KEY, [bytes]);
  }
  const other = "0f".repeat(32);
  const several = read({ KEYS_ENCRYPTION_KEY: `${other}, ${base64}` }).KEYS_ENCRYPTION_KEY!;
  assertEquals(several, [new Uint8Array(32).fill(15), bytes]);
  assertEquals(read({}).KEYS_ENCRYPTION_KEY, undefined);
});

Deno.test("addresses to return to are kept in the form in which browsers read them", () => {
  const value = " https://APP.example.com:443 ,http://localhost:5173/a?b=1, http://127.0.0.1:80/x";
  assertEquals(read({ CONNECT_RETURN_URLS: value }).CONNECT_RETURN_URLS, [
    "https://app.example.com/",
    "http://localhost:5173/a?b=1",
    "http://127.0.0.1/x",
  ]);
  assertEquals(read({}).CONNECT_RETURN_URLS, []);
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
