import { assertEquals } from "@std/assert";
import { countBytes, shorten } from "../../../shared/request/text_bytes.ts";

Deno.test("countBytes counts bytes of UTF-8", () => {
  assertEquals(["", "a", "ж", "🌍"].map(countBytes), [0, 1, 2, 4]);
});

Deno.test("shorten cuts between two characters and marks the cut", () => {
  assertEquals(shorten("12345", 5), "12345");
  assertEquals(shorten("1234567", 6), "123…");
  assertEquals(shorten("🌍🌍🌍", 8), "🌍…");
  for (let max = 3; max < 12; max++) assertEquals(countBytes(shorten("🌍🌍🌍", max)) <= max, true);
});
