/** The page's modules that need no browser. */
import { assertEquals } from "@std/assert";
import { shorten, toClientCode, toCode } from "../../client/playground/api_request.ts";
import { createSpending, toDollars } from "../../client/playground/spending.ts";

const REQUEST = {
  title: "Answer",
  url: "http://127.0.0.1:8000/stream",
  body: { messages: [{ role: "user", content: `It's "$HOME"` }] },
  client: toClientCode("http://127.0.0.1:8000", "ai.chat();"),
};

Deno.test("writes a request as curl, with quotes escaped and without the token", () => {
  assertEquals(
    toCode(REQUEST, "curl"),
    `curl -sN 'http://127.0.0.1:8000/stream' \\
  -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' \\
  -d '{
  "messages": [
    {
      "role": "user",
      "content": "It'\\''s \\"$HOME\\""
    }
  ]
}'`,
  );
});

Deno.test("writes a request as fetch that sends the same", () => {
  const sent: unknown[] = [];
  const code = toCode(REQUEST, "fetch").replace("const response = await ", "return ");
  new Function("fetch", "$TOKEN", code)((url: string, init: RequestInit) => {
    sent.push(url, init.headers, JSON.parse(init.body as string));
  }, "secret");
  const headers = { Authorization: "Bearer secret", "Content-Type": "application/json" };
  assertEquals(sent, [REQUEST.url, headers, REQUEST.body]);
});

Deno.test("shortens the bytes of images", () => {
  const code = shorten(`"data:image/png;base64,${"A".repeat(4_120)}"`);
  assertEquals(code, `"data:image/png;base64,${"A".repeat(24)}… 4 KB more …"`);
  assertEquals(shorten("short;base64,AAAA"), "short;base64,AAAA");
});

Deno.test("writes amounts of money with two to four decimals", () => {
  assertEquals(
    [0, 0.0000386, 0.0387, 0.0004, 0.2, 1.5, 1234.5].map(toDollars),
    ["$0", "<$0.0001", "$0.0387", "$0.0004", "$0.20", "$1.50", "$1,234.50"],
  );
});

Deno.test("sums up usage by model", () => {
  let changes = 0;
  const spending = createSpending(() => changes++);
  const usage = { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5, cost: 0.5 };
  spending.add("a", usage);
  spending.add("b", undefined);
  spending.add("a", usage);
  assertEquals(spending.list().map(({ model, requests }) => [model, requests]), [["a", 2], [
    "b",
    1,
  ]]);
  const { requests, promptTokens, completionTokens, usd } = spending.sum();
  assertEquals([requests, promptTokens, completionTokens, usd, changes], [3, 4, 6, 1, 3]);
  spending.clear();
  assertEquals(spending.sum().requests, 0);
});
