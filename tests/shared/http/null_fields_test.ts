import * as z from "zod/mini";
import { assertEquals } from "@std/assert";
import { dropNullFields } from "../../../shared/http/null_fields.ts";

const schema = z.object({ name: z.optional(z.string()), note: z.nullish(z.string()) });

Deno.test("dropNullFields deletes null from optional fields and says so", () => {
  const value = { name: null, note: null };
  assertEquals([dropNullFields(value, schema), value as object], [true, { note: null }]);
});

Deno.test("dropNullFields leaves a value without such fields alone", () => {
  const value = { name: "x", constructor: null };
  assertEquals(dropNullFields(value, schema), false);
  assertEquals(value, { name: "x", constructor: null });
});

Deno.test("dropNullFields ignores values that are not objects", () => {
  for (const value of [null, undefined, 5, "x", []]) {
    assertEquals(dropNullFields(value, schema), false);
  }
});
