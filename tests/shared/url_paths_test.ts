import { assertEquals } from "@std/assert";
import { collapseSlashes, dropTrailingSlashes, splitRequestUrl } from "../../shared/url_paths.ts";

Deno.test("dropTrailingSlashes removes slashes at the end only", () => {
  assertEquals(dropTrailingSlashes("https://a.example//b///"), "https://a.example//b");
  assertEquals(dropTrailingSlashes("/a"), "/a");
  assertEquals(dropTrailingSlashes("//"), "");
});

Deno.test("collapseSlashes makes each run of slashes one slash", () => {
  assertEquals(collapseSlashes("//a///b/c/"), "/a/b/c/");
  assertEquals(collapseSlashes("/a/b"), "/a/b");
});

Deno.test("splitRequestUrl finds the same path and query as the URL parser", () => {
  for (
    const text of [
      "http://a",
      "http://a?x=1",
      "http://a#f",
      "https://a:8/b/c/?route=/d/e#f?g/h",
      "http://a/b#c?d",
      "http://[::1]:8/%20//x",
      "http://u:p@a/b?c=http://d/e",
    ]
  ) {
    const { href, pathname, search } = new URL(text);
    for (const url of [href, text]) {
      assertEquals(splitRequestUrl(url), { path: pathname, query: search }, url);
    }
  }
});
