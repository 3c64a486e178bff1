import { assertEquals, assertMatch } from "@std/assert";
import { createVerifier, toChallenge } from "../../functions/connect/pkce.ts";

Deno.test("toChallenge returns the challenge of RFC 7636, appendix B", async () => {
  assertEquals(
    await toChallenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
  );
});

Deno.test("verifiers have 43 unreserved characters and never repeat", () => {
  const verifiers = Array.from({ length: 100 }, createVerifier);
  for (const verifier of verifiers) assertMatch(verifier, /^[A-Za-z0-9_-]{43}$/);
  assertEquals(new Set(verifiers).size, 100);
});
