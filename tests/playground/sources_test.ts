/** The page's modules: what serving them without their margins demands, and those that need no page. */
import { assertEquals } from "@std/assert";
import ts from "typescript";
import { shorten, toClientCode, toCode } from "../../client/playground/api_request.ts";
import { createSpending, toDollars } from "../../client/playground/spending.ts";

const CLIENT = new URL("../../client/", import.meta.url);

Deno.test("no template in client/ spans lines: its margins would be cut off", () => {
  const faults: string[] = [];
  for (const folder of ["", "playground/"]) {
    for (const { name } of Deno.readDirSync(new URL(folder, CLIENT))) {
      if (!name.endsWith(".ts")) continue;
      const text = Deno.readTextFileSync(new URL(folder + name, CLIENT));
      const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest);
      const visit = (node: ts.Node) => {
        const isText = ts.isTemplateLiteralToken(node);
        if (isText && node.getText(file).includes("\n")) faults.push(`${folder}${name}`);
        ts.forEachChild(node, visit);
      };
      visit(file);
    }
  }
  assertEquals(faults, []);
});

const REQUEST = {
  title: "Answer",
  url: "http://127.0.0.1:8000/stream",
  body: { messages: [{ role: "user", content: `It's "$HOME"` }] },
  client: toClientCode("http://127.0.0.1:8000", "ai.chat();"),
};

Deno.test("a request as curl lets no quote end its text, and names the token only", () => {
  assertEquals(
    toCode(REQUEST, "curl"),
    `curl -N 'http://127.0.0.1:8000/stream' \\
  -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' \\
  -d '{"messages":[{"role":"user","content":"It'\\''s \\"$HOME\\""}]}'`,
  );
});

Deno.test("a request as fetch sends what the page would send", () => {
  const sent: unknown[] = [];
  const code = toCode(REQUEST, "fetch").replace("const response = await ", "return ");
  new Function("fetch", "$TOKEN", code)((url: string, init: RequestInit) => {
    sent.push(url, init.headers, JSON.parse(init.body as string));
  }, "secret");
  const headers = { Authorization: "Bearer secret", "Content-Type": "application/json" };
  assertEquals(sent, [REQUEST.url, headers, REQUEST.body]);
});

Deno.test("images are shortened where they are shown", () => {
  const code = shorten(`"data:image/png;base64,${"A".repeat(4_120)}"`);
  assertEquals(code, `"data:image/png;base64,${"A".repeat(24)}… 4 KB more …"`);
  assertEquals(shorten("short;base64,AAAA"), "short;base64,AAAA");
});

Deno.test("small sums of money keep their digits", () => {
  assertEquals(
    [0, 0.0000386, 0.0387, 1.5, 12].map(toDollars),
    ["$0", "$0.0000386", "$0.0387", "$1.50", "$12.00"],
  );
});

Deno.test("the page's sums are kept by model", () => {
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
