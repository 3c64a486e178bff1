/** Content and tool arguments in the forms that providers send. */
import { assertEquals } from "@std/assert";
import { toArguments, toContentText } from "../../../shared/openrouter/messages.ts";

Deno.test("joins the text of parts and passes over parts without text", () => {
  const parts = [{ type: "text", text: "Hel" }, { type: "thinking", thinking: [] }, null, 5, {
    text: "lo",
  }, { text: { a: 1 } }];
  assertEquals(toContentText(parts), "Hello");
  assertEquals(toContentText("Hello"), "Hello");
  for (const content of [null, undefined, [], {}, 5]) assertEquals(toContentText(content), "");
});

Deno.test("writes arguments that came as an object as JSON text", () => {
  assertEquals(toArguments('{"a":1}'), '{"a":1}');
  assertEquals(toArguments({ a: 1 }), '{"a":1}');
  assertEquals([toArguments(null), toArguments(undefined)], ["", ""]);
});
