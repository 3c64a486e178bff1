import { assertEquals, assertThrows } from "@std/assert";
import { parseValue } from "../../shared/http/body.ts";
import * as z from "../../shared/zod.ts";

Deno.test("exports schemas with which the functions check a value", () => {
  const schema = z.object({ text: z.string() });
  assertEquals(parseValue({ text: "Hello" }, schema), { text: "Hello" });
  assertThrows(() => parseValue({}, schema), Error, '"text" is required');
});
