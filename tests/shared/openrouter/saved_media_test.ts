import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import { type Media, saveMedia } from "../../../shared/openrouter/saved_media.ts";
import { createSettings } from "../../../shared/settings.ts";
import { createEnvironment, TOKEN } from "../../support/caller.ts";
import { createInsForge, gateway } from "../fake_insforge.ts";

const caller = { token: TOKEN };

function toImage(media_type: string, data = "AAAA"): Media {
  return { media_type, data_url: `data:${media_type};base64,${data}` };
}

for (
  const [type, extension] of [
    ["image/png", "png"],
    ["image/jpeg", "jpg"],
    ["image/svg+xml", "svg"],
    ["picture", "bin"],
  ]
) {
  Deno.test(`stores an image of type ${type} under a new key that ends with .${extension}`, async () => {
    await using insforge = createInsForge();
    insforge.reply(200, { method: "direct", uploadUrl: "/ignored" });
    insforge.reply(201, { bucket: "pictures", key: "x", size: 3, url: "https://storage.test/x" });
    const place = { bucket: "pictures", prefix: "cats/" };
    const [saved] = await saveMedia(caller, [toImage(type!)], place, callOf(insforge.url));
    assert("key" in saved!);
    assertMatch(saved.key, new RegExp(`^cats/[0-9a-f-]{36}\\.${extension}$`));
    assertEquals(saved, {
      url: "https://storage.test/x",
      media_type: type!,
      bucket: "pictures",
      key: saved.key,
    });
    assertEquals(JSON.parse(insforge.requests[0]!.text).filename, saved.key);
  });
}

Deno.test("adds a signed URL when its time is given", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, { method: "direct", uploadUrl: "/ignored" });
  insforge.reply(201, { bucket: "b", key: "x", size: 3, url: "https://storage.test/x" });
  insforge.reply(200, { method: "presigned", url: "https://s3.test/x?sig=1" });
  const place = { bucket: "b", signed_url_seconds: 60 };
  const [saved] = await saveMedia(caller, [toImage("image/png")], place, callOf(insforge.url));
  assert("signed_url" in saved!);
  assertEquals([saved.url, saved.signed_url], [
    "https://storage.test/x",
    "https://s3.test/x?sig=1",
  ]);
  const { line, query } = insforge.requests[2]!;
  const path = `/api/storage/buckets/b/download-strategy/objects/${saved.key}`;
  assertEquals([line, query.get("expiresIn")], [`GET ${path}`, "60"]);
});

Deno.test("returns 502 for bytes that are not base64", async () => {
  const image = toImage("image/png", "%%%");
  const error = await assertRejects(
    () => saveMedia(caller, [image], { bucket: "b" }, callOf("http://127.0.0.1:9")),
    ApiError,
  );
  assertEquals([error.status, error.code], [502, "AI_UPSTREAM_UNAVAILABLE"]);
});

Deno.test("returns an image that cannot be stored unchanged, with the reason", async () => {
  await using insforge = createInsForge();
  insforge.replyAlways(401, gateway(401, "AUTH_UNAUTHORIZED"));
  const address = { media_type: "image/*", url: "https://x" };
  const image = toImage("image/png");
  const place = { bucket: "b" };
  const images = await saveMedia(caller, [image, address], place, callOf(insforge.url));
  assertEquals(images, [
    { ...image, save_error: { error: "AUTH_UNAUTHORIZED", message: "Invalid token" } },
    {
      ...address,
      save_error: {
        error: "AI_UPSTREAM_UNAVAILABLE",
        message: "The AI provider returned a URL in place of a file",
      },
    },
  ]);
});

Deno.test("returns an image that takes too long to store before the platform's time limit", async () => {
  await using insforge = createInsForge();
  insforge.hang();
  const image = toImage("image/png");
  const call = { ...callOf(insforge.url), elapsedMs: () => 55_000 };
  const [saved] = await saveMedia(caller, [image], { bucket: "b" }, call);
  assertEquals(saved, {
    ...image,
    save_error: { error: "UPSTREAM_FAILURE", message: "InsForge could not be reached or failed" },
  });
});

function callOf(insforgeUrl: string) {
  const settings = createSettings(createEnvironment({ INSFORGE_BASE_URL: insforgeUrl }));
  return { settings, elapsedMs: () => 0 };
}
