import { assertEquals } from "@std/assert";
import { fetchExactly } from "../../shared/exact_numbers.ts";
import { createInsForge } from "./fake_insforge.ts";

for (
  const [sent, got] of [
    ["[9007199254740993]", ["9007199254740993"]],
    ["[-12345678901234567890.123456789]", ["-12345678901234567890.123456789"]],
    ['{"a":{"b":[0.12345678901234567891]}}', { a: { b: ["0.12345678901234567891"] } }],
    ["[9007199254740993, 1e400]", ["9007199254740993", "1e400"]],
    ["[9007199254740992, 1.5000000000000000]", [9007199254740992, 1.5]],
    ["[1000000000000000000000, 1e21]", [1e21, 1e21]],
    ["[0.1234567890123456, -1.7976931348623157e+308]", [0.1234567890123456, -Number.MAX_VALUE]],
    ['["9007199254740993", "a \\"9007199254740993"]', ["9007199254740993", 'a "9007199254740993']],
    ['{"a":1,"b":null,"c":true}', { a: 1, b: null, c: true }],
  ] as const
) {
  Deno.test(`fetchExactly reads ${sent} as ${JSON.stringify(got)}`, async () => {
    await using server = createInsForge();
    server.reply(200, sent);
    assertEquals(await (await fetchExactly(server.url)).json(), got as unknown);
  });
}

Deno.test("fetchExactly leaves status and what is no JSON as they are", async () => {
  await using server = createInsForge();
  server.reply(502, "<html>9007199254740993</html>");
  const response = await fetchExactly(server.url);
  assertEquals([response.status, await response.text()], [502, "<html>9007199254740993</html>"]);
  server.reply(204, undefined);
  const nothing = await fetchExactly(server.url);
  assertEquals([nothing.status, nothing.body], [204, null]);
});
