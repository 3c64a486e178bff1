import { assertEquals } from "@std/assert";
import * as z from "zod/mini";
import { imageUrl, nonEmptyText, promptText } from "../../../shared/request/text_fields.ts";

function accepts(schema: z.ZodMiniType, values: unknown[]): boolean[] {
  return values.map((value) => z.safeParse(schema, value).success);
}

Deno.test("nonEmptyText accepts texts of at least one character", () => {
  assertEquals(accepts(nonEmptyText, ["a", " ", "", 1, null]), [true, true, false, false, false]);
});

Deno.test("promptText rejects texts that are blank", () => {
  assertEquals(accepts(promptText, ["a", " a\n", "", " \t\n\u00a0"]), [true, true, false, false]);
});

Deno.test("imageUrl accepts http(s) URLs and data URLs of images", () => {
  const good = ["https://a.example/x.png", "HTTP://a.example", "data:image/svg+xml;base64,AA"];
  const bad = ["", "a.png", "ftp://a.example/x.png", "data:text/html;base64,AA", "data:image/png,"];
  assertEquals(accepts(imageUrl, [...good, ...bad]), [
    ...good.map(() => true),
    ...bad.map(() => false),
  ]);
});
