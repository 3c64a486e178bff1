import { assertEquals, assertThrows } from "@std/assert";
import { ApiError } from "../../shared/errors.ts";
import { createSettings } from "../../shared/settings.ts";

function read(values: Record<string, string>) {
  return createSettings({ get: (name) => values[name] });
}

Deno.test("a URL is converted to the ASCII form that headers accept", () => {
  const settings = read({
    OPENROUTER_SITE_URL: "https://例え.example/ü?a=1",
    INSFORGE_BASE_URL: "https://例え.example/p/",
  });
  assertEquals(settings.OPENROUTER_SITE_URL, "https://xn--r8jz45g.example/%C3%BC?a=1");
  assertEquals(settings.INSFORGE_BASE_URL, "https://xn--r8jz45g.example/p");
});

Deno.test("ALLOWED_ORIGINS accepts origins of pages and of apps in a web view", () => {
  const origins = ["https://a.example", "http://localhost:5173", "capacitor://localhost"];
  assertEquals(read({ ALLOWED_ORIGINS: origins.join(", ") }).ALLOWED_ORIGINS, origins);
});

Deno.test("ALLOWED_MODELS is everything, a list, or nothing", () => {
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
    ["OPENROUTER_BASE_URL", "openrouter.ai", "an http or https URL"],
    ["INSFORGE_BASE_URL", "https://admin:secret@app.example", "an http or https URL without"],
    ["INSFORGE_BASE_URL", "https://app.example/?project=1", "an http or https URL without"],
    ["OPENROUTER_BASE_URL", "https://or.example/v1#", "an http or https URL without"],
    ["OPENROUTER_SITE_URL", "app.example", "an http or https URL"],
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
    ["CONNECT_RETURN_URLS", "shop.example", "a comma list of https URLs"],
    ["CONNECT_RETURN_URLS", "http://app.example.com/", "a comma list of https URLs"],
    ["CONNECT_RETURN_URLS", "https://u@app.example.com/", "a comma list of https URLs"],
    ["CONNECT_RETURN_URLS", "https://app.example.com/#x", "a comma list of https URLs"],
    ["CONNECT_RETURN_URLS", "https://*", "a comma list of https URLs"],
    ["CONNECT_RETURN_URLS", "https://app.example.com/*", "a comma list of https URLs"],
    ["CONNECT_RETURN_URLS", "myapp://done", "a comma list of https URLs"],
  ] as const
) {
  Deno.test(`${name}=${JSON.stringify(value)} throws 500 with the name and the form, without the value`, () => {
    const error = assertThrows(() => read({ [name]: value })[name], ApiError, form);
    assertEquals(error.message.includes(name), true);
    assertEquals(error.message.includes(value), false);
    assertEquals([error.status, error.code], [500, "INTERNAL_ERROR"]);
  });
}

Deno.test("KEYS_ENCRYPTION_KEY reads base64 and hex, and keeps the order of several keys", () => {
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

Deno.test("CONNECT_RETURN_URLS are normalised as browsers do it", () => {
  const value = " https://APP.example.com:443 ,http://localhost:5173/a?b=1, http://127.0.0.1:80/x";
  assertEquals(read({ CONNECT_RETURN_URLS: value }).CONNECT_RETURN_URLS, [
    "https://app.example.com/",
    "http://localhost:5173/a?b=1",
    "http://127.0.0.1/x",
  ]);
  assertEquals(read({}).CONNECT_RETURN_URLS, []);
});
