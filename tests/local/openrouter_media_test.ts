/** Rankings, audio and 3D objects of the simulated OpenRouter. */
import { assertEquals } from "@std/assert";
import { createSimulatedOpenRouter } from "../../tools/local/openrouter/mod.ts";

function post(path: string, body: unknown, simulated = createSimulatedOpenRouter()) {
  const headers = { Authorization: "Bearer sk-or-v1-a", "Content-Type": "application/json" };
  const init = { method: "POST", headers, body: JSON.stringify(body) };
  return simulated.handler(new Request(`http://openrouter.test/api/v1${path}`, init));
}

Deno.test("ranks documents by their similarity, and bills a search per 100 documents", async () => {
  const simulated = createSimulatedOpenRouter();
  const documents = ["A ferry at dawn", { text: "A bakery that sells bread" }];
  const request = { model: "cohere/rerank-v3.5", query: "Who sells bread?", documents, top_n: 1 };
  const { results, usage } = await (await post("/rerank", request, simulated)).json();
  assertEquals(
    results.map(({ index, document }: { index: number; document: unknown }) => ({
      index,
      document,
    })),
    [{ index: 1, document: documents[1] }],
  );
  assertEquals([usage.search_units, usage.cost], [1, 0.002]);
  assertEquals(simulated.bill(), { total: 0.002, generations: 1 });
});

Deno.test("speaks in MP3 or PCM, and states no usage", async () => {
  const request = { model: "openai/gpt-4o-mini-tts-2025-12-15", input: "Hello" };
  const pcm = await post("/audio/speech", request);
  assertEquals(pcm.headers.get("Content-Type"), "audio/pcm;rate=24000;channels=1");
  assertEquals((await pcm.bytes()).length, 48_000);
  const mp3 = await post("/audio/speech", { ...request, response_format: "mp3" });
  assertEquals(mp3.headers.get("Content-Type"), "audio/mpeg");
  assertEquals([...(await mp3.bytes()).subarray(0, 2)], [0xff, 0xfb]);
  assertEquals(mp3.headers.get("X-Generation-Id")?.slice(0, 4), "gen-");
});

Deno.test("transcribes a recording, and refuses one that is not base64", async () => {
  const input_audio = { data: btoa("a".repeat(5_000)), format: "mp3" };
  const request = { model: "openai/whisper-1", input_audio, response_format: "verbose_json" };
  const { text, duration, usage } = await (await post("/audio/transcriptions", request)).json();
  assertEquals([text, duration, usage.seconds], ["A recording of 2 seconds", 2, 2]);
  const bad = { ...request, input_audio: { data: "?", format: "mp3" } };
  const refused = await post("/audio/transcriptions", bad);
  assertEquals(refused.status, 400);
  await refused.body?.cancel();
});

Deno.test("generates 3D objects as files", async () => {
  const response = await post("/objects/generations", { prompt: "A chair", num_outputs: 2 });
  const { generations } = await response.json();
  assertEquals(generations.length, 2);
  assertEquals(atob(generations[0].uri).slice(0, 3), "ply");
});
