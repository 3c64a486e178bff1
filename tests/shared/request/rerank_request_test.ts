/** Requests for rankings. */
import { assertEquals, assertThrows } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import { requireShortRanking, rerankRequest } from "../../../shared/request/rerank_request.ts";
import { createSettings } from "../../../shared/settings.ts";
import { createEnvironment } from "../../support/caller.ts";

Deno.test("a ranking needs a query and documents with a text or an image", () => {
  const image = "https://a.example/b.png";
  const requests: [unknown, boolean][] = [
    [{ query: "q", documents: ["a", { text: "b" }, { image }] }, true],
    [{ query: "q", documents: ["a"], top_n: 1, provider: {} }, true],
    [{ query: " ", documents: ["a"] }, false],
    [{ query: "q", documents: [] }, false],
    [{ query: "q", documents: [{}] }, false],
    [{ query: "q", documents: [""] }, false],
    [{ query: "q", documents: Array(1_001).fill("a") }, false],
    [{ query: "q", documents: ["a"], top_n: 0 }, false],
  ];
  for (const [request, isValid] of requests) {
    assertEquals(rerankRequest.safeParse(request).success, isValid, JSON.stringify(request));
  }
});

Deno.test("requireShortRanking rejects a long query and long documents", () => {
  const values = { MAX_PROMPT_CHARS: "10", MAX_INPUT_TOKENS: "5" };
  const settings = createSettings(createEnvironment(values));
  const refuse = (query: string, documents: string[]) =>
    assertThrows(() => requireShortRanking({ query, documents }, settings), ApiError).message;
  assertEquals(refuse("x".repeat(11), ["a"]), '"query" must have at most 10 characters');
  const long = '"documents" must have at most 5 tokens, and has about 7';
  assertEquals(refuse("q", ["x".repeat(20)]), long);
});
