import { assertEquals } from "@std/assert";
import { savePlace } from "../../../shared/request/save_place.ts";

Deno.test("a place to save is a bucket and a prefix that storage accepts", () => {
  const places: [unknown, boolean][] = [
    [{ bucket: "images" }, true],
    [{ bucket: "images", prefix: "speech/2026/" }, true],
    [{ bucket: "two words" }, false],
    [{ bucket: "images", prefix: "/speech" }, false],
    [{ bucket: "images", prefix: "../speech" }, false],
    [{ bucket: "images", prefix: "a\0b" }, false],
    [{ bucket: "images", prefix: "\ud800" }, false],
    [{ bucket: "images", key: "a" }, false],
    [{}, false],
  ];
  for (const [place, isValid] of places) {
    assertEquals(savePlace.safeParse(place).success, isValid, JSON.stringify(place));
  }
});

Deno.test("a signed URL is valid for 1 second to 7 days", () => {
  const isValid = (signed_url_seconds: unknown) =>
    savePlace.safeParse({ bucket: "images", signed_url_seconds }).success;
  assertEquals([0, 1, 604_800, 604_801, 1.5, "60"].map(isValid), [
    false,
    true,
    true,
    false,
    false,
    false,
  ]);
});
