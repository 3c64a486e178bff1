/** Unmodified clients that order videos at `v1`, on the local stack. */
import { createOpenRouter } from "@openrouter/ai-sdk-provider";
import { OpenRouter } from "@openrouter/sdk";
import OpenAI, { toFile } from "openai";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FILM } from "../../tools/local/openrouter/film.ts";
import { type Stack, startStack } from "../../tools/local/stack.ts";
import { getAccessToken } from "../support/session.ts";

const SETTINGS: Record<string, string> = { PORT: "0", INSFORGE_PORT: "0", OPENROUTER_PORT: "0" };
const model = "google/veo-3.1";
const prompt = "A lighthouse at dusk";
console.log = () => {};

Deno.test("clients order videos at v1", async (t) => {
  await using stack = await startStack({ get: (name) => SETTINGS[name] });
  const apiKey = await getAccessToken(stack);
  const baseURL = `${stack.functionsUrl}/v1`;

  await t.step("openai: videos.create, retrieve, downloadContent and list", async () => {
    const { videos } = new OpenAI({ apiKey, baseURL, maxRetries: 0 });
    const input_reference = await toFile(new Uint8Array([1, 2, 3]), "a.png", { type: "image/png" });
    const order = { model, prompt, seconds: "4", size: "1280x720", input_reference } as const;
    let video = await videos.create(order);
    assertEquals([video.object, video.status, video.progress], ["video", "queued", 0]);
    assertEquals([video.seconds, video.size, video.prompt], ["4", "1280x720", prompt]);
    const { body } = stack.openrouter!.requests.findLast(({ method }) => method === "POST")!;
    assertEquals([body.duration, body.size, body.seconds], [4, "1280x720", undefined]);
    assertEquals(body.frame_images[0].image_url.url, "data:image/png;base64,AQID");
    for (let i = 0; i < 5 && ["queued", "in_progress"].includes(video.status); i++) {
      await endLeases(stack);
      video = await videos.retrieve(video.id);
    }
    assertEquals([video.status, video.progress, video.error], ["completed", 100, null]);
    assert(video.completed_at! >= video.created_at);
    assertEquals(await (await videos.downloadContent(video.id)).bytes(), FILM);
    const thumbnail = videos.downloadContent(video.id, { variant: "thumbnail" });
    assertStringIncludes(String(await assertRejects(() => thumbnail)), '"variant" must be "video"');
    const listed = await Array.fromAsync(await videos.list({ limit: 1, order: "asc" }));
    assertEquals(listed.map(({ id }) => id), [video.id]);
  });

  await t.step("openai: a failed video has OpenAI's error", async () => {
    const { videos } = new OpenAI({ apiKey, baseURL, maxRetries: 0 });
    const { id } = await videos.create({ model, prompt });
    await stack.insforge!.sql(
      `select ai_update_video('${id}', '{"status":"failed","error":"too dark","usd":0}')`,
    );
    const { status, error } = await videos.retrieve(id);
    assertEquals([status, error?.message], ["failed", "too dark"]);
  });

  await t.step("@openrouter/sdk: generate, getGeneration, getVideoContent and models", async () => {
    const { videoGeneration } = new OpenRouter({
      apiKey,
      serverURL: baseURL,
      retryConfig: { strategy: "none" },
    });
    const videoGenerationRequest = { model, prompt, duration: 4 };
    const { id } = await videoGeneration.generate({ videoGenerationRequest });
    let job = await videoGeneration.getGeneration({ jobId: id });
    for (let i = 0; i < 5 && job.status !== "completed"; i++) {
      await endLeases(stack);
      job = await videoGeneration.getGeneration({ jobId: id });
    }
    assertEquals([job.status, job.usage?.cost], ["completed", 1.6]);
    assertEquals(job.pollingUrl, `${baseURL}/videos/${id}`);
    const content = await videoGeneration.getVideoContent({ jobId: id });
    assertEquals(await new Response(content).bytes(), FILM);
    // The finished video's own URL leads back here, and needs no key but the user's token.
    const headers = { Authorization: `Bearer ${apiKey}` };
    const [url] = job.unsignedUrls!;
    assertEquals(await (await fetch(url!, { headers })).bytes(), FILM);
    const stranger = await fetch(url!);
    assertEquals(stranger.status, 401, await stranger.text());
    const { data } = await videoGeneration.listVideosModels();
    assert(data.some(({ id }) => id === model));
  });

  await t.step("@openrouter/ai-sdk-provider: videoModel", async () => {
    const provider = createOpenRouter({ apiKey, baseURL });
    const video = provider.videoModel(model, { pollIntervalMs: 10 });
    await using _leases = keepEndingLeases(stack);
    const { videos, providerMetadata } = await video.doGenerate(
      {
        ...{
          prompt,
          n: 1,
          duration: 4,
          aspectRatio: "16:9",
          resolution: undefined,
          seed: undefined,
        },
        ...{ image: undefined, fps: undefined, providerOptions: {} },
        abortSignal: AbortSignal.timeout(20_000),
      } as unknown as Parameters<typeof video.doGenerate>[0],
    );
    const [found] = videos;
    assert(found?.type === "url");
    assert(found.url.startsWith(baseURL));
    assertEquals(Object(providerMetadata?.openrouter).cost, 1.6);
  });

  await t.step("every path is reached by ?route=, too", async () => {
    const headers = { Authorization: `Bearer ${apiKey}`, "Content-Type": "application/json" };
    const ordered = await fetch(`${baseURL}?route=videos`, {
      method: "POST",
      headers,
      body: JSON.stringify({ model, prompt }),
    });
    const { id } = await ordered.json();
    assertEquals(ordered.status, 202);
    const asked = await fetch(`${baseURL}?route=videos/${id}`, { headers });
    assertEquals((await asked.json()).id, id);
    const early = await fetch(`${baseURL}?route=videos/${id}/content&index=0`, { headers });
    assertStringIncludes((await early.json()).error.message, "not finished yet");
  });
});

/** An owner's requests ask OpenRouter once a second at most; tests ask at once. */
async function endLeases(stack: Stack): Promise<void> {
  await stack.insforge!.sql("update ai_videos set leased_until = '-infinity'");
}

/** Ends leases until it is disposed. */
function keepEndingLeases(stack: Stack): AsyncDisposable {
  let isDone = false;
  const work = (async () => {
    while (!isDone) await endLeases(stack);
  })();
  return {
    async [Symbol.asyncDispose]() {
      isDone = true;
      await work;
    },
  };
}
