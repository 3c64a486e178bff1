import { assertEquals } from "@std/assert";
import { toStoredRequest, toVideoParams } from "../../../shared/videos/params.ts";
import { assertFailure, createInsForge, settingsOf } from "../fake_insforge.ts";
import { createFinishedRow } from "./row.ts";

const owner = { token: "t" };
const { id, gateway_id } = createFinishedRow();

Deno.test("an order gets the default model, and its other fields pass through", async () => {
  await using insforge = createInsForge();
  const settings = settingsOf(insforge);
  assertEquals(await toVideoParams(owner, { prompt: "p", creativity: 2 }, settings), {
    model: "google/veo-3.1",
    prompt: "p",
    creativity: 2,
  });
  assertEquals((await toVideoParams(owner, { model: "a/b" }, settings)).model, "a/b");
  const long = { prompt: "x".repeat(4_001) };
  await assertFailure(toVideoParams(owner, long, settings), 400, "INVALID_INPUT");
});

Deno.test("an earlier video of the owner is named by OpenRouter's id", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, [createFinishedRow()]);
  insforge.reply(200, []);
  const order = { prompt: "p", previous_job_id: id };
  const params = await toVideoParams(owner, order, settingsOf(insforge));
  assertEquals(params.previous_job_id, gateway_id);
  await assertFailure(toVideoParams(owner, order, settingsOf(insforge)), 400, "INVALID_INPUT");
});

Deno.test("what is stored of an order has no images", () => {
  const order = { prompt: "p", duration: 4, frame_images: [{}], model: "a/b", seed: undefined };
  assertEquals(toStoredRequest(order), { prompt: "p", duration: 4 });
});
