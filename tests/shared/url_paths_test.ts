import { assertEquals } from "@std/assert";
import { collapseSlashes, dropTrailingSlashes } from "../../shared/url_paths.ts";

Deno.test("dropTrailingSlashes removes slashes at the end only", () => {
  assertEquals(dropTrailingSlashes("https://a.example//b///"), "https://a.example//b");
  assertEquals(dropTrailingSlashes("/a"), "/a");
  assertEquals(dropTrailingSlashes("//"), "");
});

Deno.test("collapseSlashes makes each run of slashes one slash", () => {
  assertEquals(collapseSlashes("//a///b/c/"), "/a/b/c/");
  assertEquals(collapseSlashes("/a/b"), "/a/b");
});
