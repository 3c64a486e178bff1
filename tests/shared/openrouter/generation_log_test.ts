/** Generations in the log line of their request. */
import { assertEquals } from "@std/assert";
import type { LogFields } from "../../../shared/http/call.ts";
import { logGeneration } from "../../../shared/openrouter/generation_log.ts";
import { USAGE } from "../../support/upstream.ts";

Deno.test("keeps the first id and model, and adds the usage of all generations", () => {
  const log: LogFields = {};
  logGeneration(log, { id: "gen-1", model: "a/b", usage: USAGE });
  logGeneration(log, { id: "gen-2", model: "c/d", usage: USAGE });
  assertEquals(log, {
    generation_id: "gen-1",
    model: "a/b",
    prompt_tokens: 20,
    completion_tokens: 10,
    cost: 0.0024,
  });
});

Deno.test("leaves the numbers out when a response states none", () => {
  const log: LogFields = {};
  logGeneration(log, { id: undefined, model: null });
  assertEquals(log.prompt_tokens, undefined);
  assertEquals([log.generation_id, log.model], [undefined, undefined]);
});
