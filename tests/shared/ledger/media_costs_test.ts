import { assertEquals } from "@std/assert";
import { estimate } from "../../../shared/ledger/estimate.ts";
import { estimateMedia } from "../../../shared/ledger/media_costs.ts";
import { createSettings } from "../../../shared/settings.ts";

const settings = createSettings({ get: () => undefined });

Deno.test("a ranking is estimated by searches of 100 documents, and long documents count more", () => {
  const usd = (documents: unknown) => estimateMedia("/rerank", { query: "q", documents }, 30)!.usd;
  assertEquals(usd(["a"]), 0.0025);
  assertEquals(usd(Array(100).fill("a")), 0.0025);
  assertEquals(usd(Array(101).fill("a")), 0.005);
  assertEquals(usd(Array(100).fill("a".repeat(2_000))), 0.005);
  assertEquals(usd(undefined), 0.0025);
});

Deno.test("speech is estimated by characters, and has output tokens", () => {
  const { usd, ...tokens } = estimateMedia("/audio/speech", { input: "a".repeat(1_000) }, 1_020)!;
  assertEquals(tokens, { promptTokens: 1_000, completionTokens: 2_000 });
  assertEquals(usd.toFixed(4), "0.0300");
});

Deno.test("a transcription is estimated by the seconds that its bytes may hold", () => {
  const costs = estimateMedia("/audio/transcriptions", {}, 80_000);
  assertEquals(costs, { promptTokens: 1_920, completionTokens: 240, usd: 0.006 });
});

Deno.test("3D objects are estimated by their number", () => {
  const usd = (params: object) => estimateMedia("/objects/generations", { ...params }, 30)!.usd;
  assertEquals([usd({}), usd({ num_outputs: 4 }), usd({ num_outputs: "x" })], [0.05, 0.2, 0.05]);
});

Deno.test("a video is estimated by its seconds, or by the price that the caller knows", () => {
  const usd = (params: object) => estimateMedia("/videos", { ...params }, 30)!.usd;
  assertEquals([usd({ duration: 4 }), usd({})], [3, 7.5]);
  const call = { path: "/videos", params: { model: "a/b", duration: 4 }, bytes: 30 };
  assertEquals(estimate(call, settings).extraUsd, 3);
  assertEquals(estimate({ ...call, usd: 1.6 }, settings).extraUsd, 1.6);
});

Deno.test("the estimate of a call contains what media cost per piece, and no default output", () => {
  const params = { model: "a/b", query: "q", documents: ["a"] };
  const one = estimate({ path: "/rerank", params, bytes: 30 }, settings);
  assertEquals([one.promptTokens, one.completionTokens, one.extraUsd], [10, 0, 0.0025]);
  assertEquals(estimateMedia("/chat/completions", params, 30), undefined);
});
