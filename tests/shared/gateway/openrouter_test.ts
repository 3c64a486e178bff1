import { assertEquals, assertThrows } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import {
  createOpenRouter,
  isOpenRouterChosen,
  requireUserKeySupport,
} from "../../../shared/gateway/openrouter.ts";
import { CHAT, OPENROUTER, PINATA, PINME, read } from "./settings.ts";

Deno.test("sends any operation and field unchanged, with the project's key and the app's name", () => {
  const openRouter = createOpenRouter(read(OPENROUTER));
  const fields = { ...CHAT, provider: { sort: "price" }, models: ["a"] };
  const { url, body, toHeaders, toOpenRouterForm } = openRouter.request("/responses", fields);
  assertEquals(url, "https://openrouter.ai/api/v1/responses");
  assertEquals(body, JSON.stringify(fields));
  const list = [{ model_id: "x" }];
  assertEquals(toOpenRouterForm(list), list);
  const common = {
    "HTTP-Referer": "https://app.example",
    "X-OpenRouter-Title": "My app",
    "X-Title": "My app",
    "Content-Type": "application/json",
  };
  assertEquals(toHeaders(), { "Authorization": "Bearer sk", ...common });
  assertEquals(toHeaders("sk-user"), { "Authorization": "Bearer sk-user", ...common });
  assertEquals(toHeaders(null), common);
});

const CALLER = { "HTTP-Referer": "https://caller.example/a?b=1", "X-Title": "Caller's app" };

for (
  const [situation, values, caller, [referer, title]] of [
    ["the caller's", {}, CALLER, ["https://caller.example/a?b=1", "Caller's app"]],
    ["the settings'", OPENROUTER, CALLER, ["https://app.example", "My app"]],
    ["nothing", {}, {}, []],
    ["no URL that is not http or https", {}, { "HTTP-Referer": "javascript:alert(1)" }, []],
    ["no relative URL", {}, { "HTTP-Referer": "/settings" }, []],
    ["no URL of 501 characters", {}, { "HTTP-Referer": "https://a.example/".padEnd(501, "a") }, []],
    ["no name of 101 characters", {}, { "X-Title": "a".repeat(101) }, []],
    ["no name with letters outside ASCII", {}, { "X-Title": "\u00fc" }, []],
    ["a URL in ASCII", {}, { "HTTP-Referer": "https://a.example/\u00fc" }, [
      "https://a.example/%C3%BC",
    ]],
  ] as [string, Record<string, string>, Record<string, string>, string[]][]
) {
  Deno.test(`names the app to OpenRouter: ${situation}`, () => {
    const openRouter = createOpenRouter(read(values), new Headers(caller));
    const headers = new Headers(openRouter.request("/chat/completions", CHAT).toHeaders("sk"));
    const names = ["HTTP-Referer", "X-Title", "X-OpenRouter-Title"].map((name) =>
      headers.get(name) ?? undefined
    );
    assertEquals(names, [referer, title, title]);
  });
}

Deno.test("needs no key of the project when another key, or none, is sent", () => {
  const { toHeaders, body } = createOpenRouter(read({})).request("/key");
  assertEquals(toHeaders("sk-user").Authorization, "Bearer sk-user");
  assertEquals(toHeaders(null).Authorization, undefined);
  assertEquals(body, undefined);
});

Deno.test("throws a 500 that names AI_GATEWAY when users' own keys would go to another gateway", () => {
  requireUserKeySupport(read({}));
  assertEquals([{}, PINATA, PINME].map((values) => isOpenRouterChosen(read(values))), [
    true,
    false,
    false,
  ]);
  for (const values of [PINATA, PINME]) {
    const error = assertThrows(() => requireUserKeySupport(read(values)), ApiError, "AI_GATEWAY");
    assertEquals(error.status, 500);
  }
});
