/** Telling InsForge's self-hosted worker from other platforms. */
import { assertEquals } from "@std/assert";
import { isBufferingPlatform } from "../../../shared/http/platform.ts";

Deno.test("recognises the worker by a Deno that has nothing but env", () => {
  assertEquals(isBufferingPlatform(), false);
  assertEquals(isBufferingPlatform({ env: Deno.env }), true);
});
