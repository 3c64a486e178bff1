/** The deployed form of `video-gen` and of `v1`'s videos, in every runtime they are deployed to. */
import { assertEquals, assertMatch } from "@std/assert";
import { createDemoData, DEMO_USERS } from "../../tools/local/insforge/demo.ts";
import { createEmbeddedInsForge } from "../../tools/local/insforge/mod.ts";
import { applyMigrations } from "../../tools/local/migrations.ts";
import { FILM } from "../../tools/local/openrouter/film.ts";
import { startRuntimes } from "../../tools/local/runtimes/mod.ts";
import { serve } from "../local/openrouter_server.ts";
import { getAccessToken } from "../support/session.ts";

/** The runtimes by the names that `startRuntimes` gives them. */
const RUNTIMES = {
  cloud: "cloud",
  worker: "self-hosted",
  olderWorker: "self-hosted, on Deno 2.0.6",
} as const;
const PROJECT_URL = "https://project.insforge.test";
const prompt = "A lighthouse at dusk";

Deno.test("video-gen and v1's videos in every runtime", async (t) => {
  const insforge = await createEmbeddedInsForge({ baseUrl: () => PROJECT_URL });
  await applyMigrations(insforge);
  await createDemoData(insforge);
  await using running = new AsyncDisposableStack();
  running.defer(() => insforge.close());
  const openrouter = running.use(serve());
  const server = running.use(
    Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, insforge.handler),
  );
  const insforgeUrl = `http://127.0.0.1:${server.addr.port}`;
  const secrets: Record<string, string> = {
    ...insforge.secrets,
    OPENROUTER_API_KEY: "sk-or-v1-test",
    OPENROUTER_BASE_URL: openrouter.url,
    INSFORGE_INTERNAL_URL: insforgeUrl,
    INSFORGE_BASE_URL: PROJECT_URL,
  };
  const runtimes = running.use(await startRuntimes({ secrets, scripts: {}, modules: {} }));
  const token = await getAccessToken({ insforgeUrl }, DEMO_USERS[0]);

  for (const [name, title] of Object.entries(RUNTIMES) as [keyof typeof RUNTIMES, string][]) {
    const isCloud = name === "cloud";
    const ask = (path: string, body?: unknown, credential = token) => {
      const url = isCloud ? path : path.replace(/^(\w[\w-]*)\/(.*)$/, "$1?route=$2");
      return fetch(`${runtimes[name]}/${url}`, {
        method: body === undefined ? "GET" : "POST",
        headers: { Authorization: `Bearer ${credential}`, "Content-Type": "application/json" },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    };
    const finish = async (path: string) => {
      for (let i = 0; i < 5; i++) {
        await insforge.sql("update ai_videos set leased_until = '-infinity'");
        const job = await (await ask(path)).json();
        if (job.status === "completed") return job;
      }
      throw new Error("The job did not end");
    };

    await t.step(`${title}: a video is ordered, asked for and delivered`, async () => {
      const ordered = await ask("video-gen", { prompt, duration: 4 });
      const { id } = await ordered.json();
      assertEquals(ordered.status, 202);
      const { videos } = await finish(`video-gen/${id}`);
      const host = isCloud ? runtimes.cloud : `${PROJECT_URL}/functions`;
      assertEquals(videos.length, 1);
      assertMatch(videos[0].url, new RegExp(`^${host}/video-gen[/?].*content$`));
      const content = await ask(`video-gen/${id}/content`);
      if (isCloud) assertEquals(await content.bytes(), FILM);
      else {
        const data_url = `data:video/mp4;base64,${FILM.toBase64()}`;
        assertEquals(await content.json(), { media_type: "video/mp4", data_url });
      }
    });

    await t.step(`${title}: the schedule polls with the project's API key`, async () => {
      const { API_KEY } = insforge.secrets;
      const response = await ask("video-gen/poll", {}, API_KEY);
      assertEquals([response.status, await response.json()], [200, {
        asked: 0,
        ended: 0,
        saved: 0,
      }]);
    });

    await t.step(`${title}: v1 orders a video in OpenRouter's form`, async () => {
      const ordered = await ask("v1/videos", { prompt, model: "alibaba/wan-2.6" });
      const { id } = await ordered.json();
      const { unsigned_urls, usage } = await finish(`v1/videos/${id}`);
      assertEquals([unsigned_urls.length, usage.cost], [1, 0.5]);
    });
  }
});
