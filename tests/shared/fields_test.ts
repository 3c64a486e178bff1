/** Optional objects inside a request. */
import { assertEquals, assertThrows } from "@std/assert";
import { ApiError } from "../../shared/errors.ts";
import { toFields, toText } from "../../shared/fields.ts";

Deno.test("returns an object as it is, and an empty one for a field that is left out", () => {
  const provider = { sort: "price" };
  assertEquals(toFields(provider, "provider"), provider);
  assertEquals(toFields(undefined, "provider"), {});
  assertEquals(toFields(null, "provider"), {});
});

Deno.test("rejects a value that is not an object and names the field", () => {
  for (const value of ["x", 1, true, []]) {
    assertThrows(() => toFields(value, "provider"), ApiError, '"provider" must be an object');
  }
});

Deno.test("toText returns a text, and an empty one for what has no text form", () => {
  assertEquals(toText("a"), "a");
  const values = [undefined, null, 5, ["a"], { toString: null }, JSON.parse('{"toString":null}')];
  for (const value of values) assertEquals(toText(value), "");
});
