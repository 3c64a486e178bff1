import { assertEquals } from "@std/assert";
import { findInstruments } from "../../../shared/openrouter/instruments.ts";

Deno.test("has no instruments where Deno's exporter is off", () => {
  assertEquals(findInstruments(), undefined);
  assertEquals(findInstruments(), undefined);
});
