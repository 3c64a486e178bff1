import { assertEquals } from "@std/assert";
import { findBearerToken } from "../../../shared/auth/bearer_token.ts";

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
    const request = new Request("http://functions.test/", { headers });
    assertEquals(findBearerToken(request), token);
  });
}
