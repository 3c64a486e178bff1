import { assertEquals } from "@std/assert";
import { toBase64 } from "../../shared/base64.ts";

Deno.test("encodes bytes as base64, whatever their number", () => {
  for (const size of [0, 1, 2, 3, 0x8000 - 1, 0x8000 + 1, 200_000]) {
    const bytes = Uint8Array.from({ length: size }, (_, i) => i % 256);
    assertEquals(Uint8Array.fromBase64(toBase64(bytes)), bytes);
  }
});
