/** Which jobs are asked about; the whole way is in tests/video-gen. */
import { assertEquals } from "@std/assert";
import { createSettings } from "../../../shared/settings.ts";
import { pollVideos, refreshVideo } from "../../../shared/videos/advance.ts";
import { API_KEY, createEnvironment } from "../../support/caller.ts";
import { createUpstream } from "../../support/upstream.ts";
import { createInsForge } from "../fake_insforge.ts";
import { createFinishedRow, createRow } from "./row.ts";

const { signal } = new AbortController();

Deno.test("a job with nothing left to do is not asked about", async () => {
  const row = createFinishedRow({ next_poll_at: null });
  const settings = createSettings(createEnvironment());
  assertEquals(await refreshVideo(row, { settings, signal }), row);
});

Deno.test("a job that another process has is returned as it is", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, []);
  const row = createRow();
  assertEquals(await refreshVideo(row, { settings: settingsOf(insforge.url), signal }), row);
});

Deno.test("a run goes on when one job cannot be recorded", async () => {
  await using insforge = createInsForge();
  await using upstream = await createUpstream();
  const job = { json: { id: "gen-vid-1", status: "completed", usage: { cost: 1 } } };
  upstream.reply(job, job);
  insforge.reply(200, [createRow(), createRow()]);
  insforge.reply(502, "");
  insforge.reply(200, createFinishedRow());
  const settings = settingsOf(insforge.url, { OPENROUTER_BASE_URL: upstream.url });
  assertEquals(await pollVideos(settings), { asked: 2, ended: 1, saved: 0 });
});

function settingsOf(url: string, values: Record<string, string> = {}) {
  return createSettings(createEnvironment({ INSFORGE_BASE_URL: url, API_KEY, ...values }));
}
