import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { ApiError } from "../../shared/errors.ts";
import { type Image, saveImages } from "../../shared/images.ts";
import { createSettings } from "../../shared/settings.ts";
import { createEnvironment, TOKEN } from "../support/caller.ts";
import { createInsForge, gateway } from "./fake_insforge.ts";

const caller = { token: TOKEN };
const settings = createSettings(createEnvironment());

function toImage(media_type: string, data = "AAAA"): Image {
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
  Deno.test(`an image of type ${type} is stored under a new key that ends with .${extension}`, async () => {
    await using insforge = createInsForge();
    insforge.reply(200, { method: "direct", uploadUrl: "/ignored" });
    insforge.reply(201, { bucket: "pictures", key: "x", size: 3, url: "https://storage.test/x" });
    const environment = createEnvironment({ INSFORGE_BASE_URL: insforge.url });
    const place = { bucket: "pictures", prefix: "cats/" };
    const [saved] = await saveImages(caller, [toImage(type)], place, createSettings(environment));
    assert("key" in saved);
    assertMatch(saved.key, new RegExp(`^cats/[0-9a-f-]{36}\\.${extension}$`));
    assertEquals(saved, {
      url: "https://storage.test/x",
      media_type: type,
      bucket: "pictures",
      key: saved.key,
    });
    assertEquals(JSON.parse(insforge.requests[0].text).filename, saved.key);
  });
}

Deno.test("bytes that are no base64 cannot be stored: that is the provider's fault", async () => {
  const image = toImage("image/png", "%%%");
  const error = await assertRejects(
    () => saveImages(caller, [image], { bucket: "b" }, settings),
    ApiError,
  );
  assertEquals([error.status, error.code], [502, "AI_UPSTREAM_UNAVAILABLE"]);
});

Deno.test("an image that cannot be stored is handed over as it came, with the reason", async () => {
  await using insforge = createInsForge();
  insforge.replyAlways(401, gateway(401, "AUTH_UNAUTHORIZED"));
  const address = { media_type: "image/*", url: "https://x" };
  const image = toImage("image/png");
  const environment = createEnvironment({ INSFORGE_BASE_URL: insforge.url });
  const place = { bucket: "b" };
  const images = await saveImages(caller, [image, address], place, createSettings(environment));
  assertEquals(images, [
    { ...image, save_error: { error: "AUTH_UNAUTHORIZED", message: "Invalid token" } },
    {
      ...address,
      save_error: {
        error: "AI_UPSTREAM_UNAVAILABLE",
        message: "The AI provider answered with an address, not an image",
      },
    },
  ]);
});
