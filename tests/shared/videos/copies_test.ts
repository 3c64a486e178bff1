/** What becomes of copies; whole copies are made in tests/video-gen. */
import { assertEquals } from "@std/assert";
import { createSettings } from "../../../shared/settings.ts";
import { copyVideos, isToBeCopied, signCopies } from "../../../shared/videos/copies.ts";
import { API_KEY, createEnvironment } from "../../support/caller.ts";
import { createUpstream } from "../../support/upstream.ts";
import { createInsForge } from "../fake_insforge.ts";
import { createFinishedRow, createRow } from "./row.ts";

const save = { bucket: "films", prefix: "dusk/" };
const copy = { bucket: "films", key: "a b.mp4", url: "https://old", media_type: "video/mp4" };

Deno.test("a video is to be copied when that was ordered, until it is done or given up", () => {
  assertEquals(isToBeCopied(createRow({ save })), false);
  assertEquals(isToBeCopied(createFinishedRow()), false);
  assertEquals(isToBeCopied(createFinishedRow({ save })), true);
  assertEquals(isToBeCopied(createFinishedRow({ save, saved: [copy] })), false);
  const save_error = { error: "UPSTREAM_FAILURE", message: "m" };
  assertEquals(isToBeCopied(createFinishedRow({ save, save_error })), false);
});

Deno.test("copies get a signed URL, and keep their own when storage cannot sign", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, { method: "presigned", url: "https://signed" });
  insforge.replyAlways(404, { error: "STORAGE_NOT_FOUND" });
  const signed = await signCopies([copy], settingsOf(insforge.url));
  assertEquals(signed, [{ ...copy, url: "https://signed" }]);
  assertEquals(await signCopies([copy], settingsOf(insforge.url)), [copy]);
  const { line, query, headers } = insforge.requests[0]!;
  assertEquals(line, "GET /api/storage/buckets/films/download-strategy/objects/a%20b.mp4");
  assertEquals(query.get("expiresIn"), "3600");
  assertEquals(headers.get("authorization"), `Bearer ${API_KEY}`);
});

for (
  const [title, reply, tries, expected] of [
    ["is tried again when OpenRouter fails", { status: 500, text: "" }, 0, { save_failed: true }],
    ["is given up at the fifth failure", { status: 500, text: "" }, 4, {
      save_error: {
        error: "AI_UPSTREAM_UNAVAILABLE",
        message: "The AI provider failed or could not be reached",
      },
    }],
    ["is given up at once when the video is gone", { status: 404, text: "" }, 0, {
      save_error: { error: "NOT_FOUND", message: "OpenRouter no longer has this video" },
    }],
  ] as const
) {
  Deno.test(`a copy ${title}`, async () => {
    await using insforge = createInsForge();
    await using upstream = await createUpstream();
    upstream.reply(reply);
    insforge.reply(200, createFinishedRow());
    const settings = settingsOf(insforge.url, { OPENROUTER_BASE_URL: upstream.url });
    const row = createFinishedRow({ save, save_tries: tries });
    await copyVideos(row, { settings, signal: new AbortController().signal });
    const { line, text } = insforge.requests[0]!;
    assertEquals(line, "POST /api/database/rpc/ai_update_video");
    assertEquals(JSON.parse(text), { id: row.id, changes: expected });
  });
}

function settingsOf(url: string, values: Record<string, string> = {}) {
  return createSettings(createEnvironment({ INSFORGE_BASE_URL: url, API_KEY, ...values }));
}
