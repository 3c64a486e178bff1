/** Telling InsForge's self-hosted worker from other platforms. */
import { assertEquals } from "@std/assert";
import { isBufferingPlatform, maxResponseMs } from "../../../shared/http/platform.ts";

Deno.test("recognises the worker by a Deno that has nothing but env", () => {
  assertEquals(isBufferingPlatform(), false);
  assertEquals(isBufferingPlatform({ env: Deno.env }), true);
});

Deno.test("limits a response to 55 seconds on the worker, and not elsewhere", () => {
  assertEquals(maxResponseMs(), Infinity);
  assertEquals(maxResponseMs({ env: Deno.env }), 55_000);
});
