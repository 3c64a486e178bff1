import { assertEquals } from "@std/assert";
import { findApiKeyToken, findBearerToken } from "../../../shared/auth/bearer_token.ts";

for (
  const [header, token] of [
    ["Bearer abc.def", "abc.def"],
    ["bearer abc.def", "abc.def"],
    ["BEARER   abc.def", "abc.def"],
    ["Bearer", undefined],
    ["Bearer ", undefined],
    ["Bearer a b", undefined],
    ["Bearerabc", undefined],
    ["Basic abc", undefined],
    ["", undefined],
    [undefined, undefined],
  ]
) {
  Deno.test(`findBearerToken returns ${token} for the header ${JSON.stringify(header)}`, () => {
    const headers: Record<string, string> = header === undefined ? {} : { Authorization: header };
    assertEquals(findBearerToken(new Headers(headers)), token);
  });
}

for (
  const [header, token] of [
    ["abc.def", "abc.def"],
    [" abc.def ", "abc.def"],
    ["Bearer abc.def", undefined],
    ["", undefined],
    [undefined, undefined],
  ]
) {
  Deno.test(`findApiKeyToken returns ${token} for the header ${JSON.stringify(header)}`, () => {
    const headers: Record<string, string> = header === undefined ? {} : { "x-api-key": header };
    assertEquals(findApiKeyToken(new Headers(headers)), token);
  });
}
