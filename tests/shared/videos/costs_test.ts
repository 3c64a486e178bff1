import { assertEquals } from "@std/assert";
import { createSettings } from "../../../shared/settings.ts";
import { findVideoUsd, toHighestUsd } from "../../../shared/videos/costs.ts";
import { createEnvironment, createRequest } from "../../support/caller.ts";
import { createUpstream } from "../../support/upstream.ts";

const highest = (pricing_skus: unknown, params: object = {}, more: object = {}) =>
  toHighestUsd({ id: "a/b", pricing_skus, ...more }, { ...params });

Deno.test("a video costs the highest price per second, times its seconds", () => {
  const skus = {
    duration_seconds_with_audio: "0.40",
    duration_seconds_without_audio: "0.20",
    duration_seconds_with_audio_4k: "0.60",
  };
  assertEquals(highest(skus, { duration: 8 }), 4.8);
  assertEquals(highest(skus, {}, { supported_durations: [4, 6, 12] }), 7.2);
  assertEquals(highest(skus), 6);
});

Deno.test("a price may be in cents, per megapixel, per video or per token of video", () => {
  assertEquals(highest({ cents_per_second_output_720p: "17" }, { duration: 5 }), 0.85);
  assertEquals(
    highest({ cents_per_megapixel_second: "10" }, { duration: 5, size: "1000x1000" }),
    0.5,
  );
  assertEquals(highest({ per_generation: "0.28" }), 0.28);
  const tokens = { video_tokens: "0.000001" };
  assertEquals(highest(tokens, { duration: 5, resolution: "720p" }), 0.135);
  assertEquals(highest(tokens, { duration: 5, size: "1280x720" }), 0.135);
  assertEquals(highest(tokens, { duration: 5 }), 0.30375);
});

Deno.test("images of the request are added", () => {
  const skus = { duration_seconds: "0.13", reference_images: "0.04" };
  const params = { duration: 5, input_references: [{}, {}], frame_images: [{}] };
  assertEquals(highest(skus, params), 0.77);
});

Deno.test("the cost is unknown when no price can be understood", () => {
  for (const skus of [undefined, null, {}, [], { duration_seconds: "free" }, { image: "1" }]) {
    assertEquals(highest(skus), undefined);
  }
});

Deno.test("the catalogue is asked once, and only when a limit is set", async () => {
  await using upstream = await createUpstream();
  const data = [null, { id: "a/b", pricing_skus: { duration_seconds: "0.5" } }];
  upstream.reply({ json: { data } });
  const find = (values: Record<string, string>, model = "a/b") =>
    findVideoUsd(callOf(upstream.url, values), { model, duration: 4 });
  assertEquals(await find({}), undefined);
  assertEquals(await find({ USER_USD_PER_DAY: "1" }), 2);
  assertEquals(await find({ USER_USD_PER_DAY: "1" }, "c/d"), undefined);
  assertEquals(await find({ USER_USD_PER_DAY: "1", AI_GATEWAY: "pinata" }), undefined);
});

Deno.test("the cost is unknown when the catalogue cannot be read", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ status: 400, json: { error: { code: 400, message: "no" } } });
  const call = callOf(upstream.url, { USER_USD_PER_DAY: "1" });
  assertEquals(await findVideoUsd(call, { model: "a/b" }), undefined);
});

function callOf(url: string, values: Record<string, string>) {
  const settings = createSettings(createEnvironment({ OPENROUTER_BASE_URL: url, ...values }));
  return { settings, request: createRequest({}), elapsedMs: () => 0 };
}
