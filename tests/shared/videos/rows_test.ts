import { assertEquals, assertMatch } from "@std/assert";
import { createSettings } from "../../../shared/settings.ts";
import {
  addVideo,
  claimVideos,
  listVideos,
  readSealedKey,
  readVideo,
  requireVideo,
  requireVideoTable,
  updateVideo,
} from "../../../shared/videos/rows.ts";
import { API_KEY, createEnvironment } from "../../support/caller.ts";
import { assertFailure, createInsForge } from "../fake_insforge.ts";
import { createRow } from "./row.ts";

const owner = { token: "t" };
const row = createRow();
const video = {
  ...{ id: row.id, user_id: "u", slug: "s", model: "m", request: {}, status: "pending" as const },
  ...{ gateway_id: "g", own_key: false, reservation: row.id, charge: 0 },
};

Deno.test("jobs are read with the owner's token", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, [row]);
  assertEquals(await readVideo(owner, row.id, settingsOf(insforge.url)), row);
  const { line, query, headers } = insforge.requests[0]!;
  assertEquals(line, "GET /api/database/records/ai_videos");
  assertEquals([query.get("id"), headers.get("authorization")], [`eq.${row.id}`, "Bearer t"]);
});

Deno.test("an id that is not a UUID is not looked up", async () => {
  const settings = settingsOf("http://127.0.0.1:9");
  assertEquals(await readVideo(owner, "x&or=(id.gt.0)", settings), undefined);
  await assertFailure(requireVideo(owner, "x", settings), 404, "NOT_FOUND");
});

Deno.test("a list goes on after a job, in the order of the list", async () => {
  await using insforge = createInsForge();
  insforge.replyAlways(200, [row]);
  const settings = settingsOf(insforge.url);
  await listVideos(owner, { limit: 5 }, settings);
  await listVideos(owner, { limit: 5, after: row }, settings);
  await listVideos(owner, { limit: 5, after: row, ascending: true }, settings);
  const [first, next, ascending] = insforge.requests.map(({ query }) => query);
  assertEquals([first!.get("order"), first!.get("or")], ["created_at.desc,id.desc", null]);
  assertMatch(next!.get("or")!, /^\(created_at\.lt\.".*",and\(created_at\.eq\.".*",id\.lt\./);
  assertEquals(ascending!.get("order"), "created_at.asc,id.asc");
});

Deno.test("a missing table or API key is an error for the developer", async () => {
  await using insforge = createInsForge();
  insforge.replyAlways(404, { code: "PGRST205", message: "m" });
  const settings = settingsOf(insforge.url);
  const missing = await assertFailure(requireVideoTable(owner, settings), 500, "INTERNAL_ERROR");
  assertMatch(missing.message, /no table ai_videos; apply migrations/);
  const without = createSettings(createEnvironment({ INSFORGE_BASE_URL: insforge.url }));
  const error = await assertFailure(requireVideoTable(owner, without), 500, "INTERNAL_ERROR");
  assertMatch(error.message, /API_KEY is missing/);
});

Deno.test("a token that InsForge rejects is a 401", async () => {
  await using insforge = createInsForge();
  insforge.replyAlways(401, { error: "AUTH_UNAUTHORIZED" });
  const read = readVideo(owner, row.id, settingsOf(insforge.url));
  await assertFailure(read, 401, "AUTH_UNAUTHORIZED");
});

for (
  const rows of [null, "page", {}, [null], [{}], [{ ...row, videos: 1e9 }], [{
    ...row,
    request: null,
  }]]
) {
  Deno.test(`${JSON.stringify(rows).slice(0, 40)} in place of rows is a 502`, async () => {
    await using insforge = createInsForge();
    insforge.replyAlways(200, rows);
    const settings = settingsOf(insforge.url);
    const calls = [
      () => readVideo(owner, row.id, settings),
      () => claimVideos({ id: row.id }, settings),
      () => updateVideo(row.id, {}, settings),
      () => addVideo(video, settings),
    ];
    for (const call of calls) await assertFailure(call(), 502, "UPSTREAM_FAILURE");
  });
}

Deno.test("a job is added a second time when the first attempt fails", async () => {
  await using insforge = createInsForge();
  insforge.reply(502, "");
  insforge.reply(200, row);
  assertEquals(await addVideo(video, settingsOf(insforge.url)), row);
  assertEquals(insforge.requests.map(({ text }) => JSON.parse(text)), [{ video }, { video }]);
});

Deno.test("jobs are taken and changed with the project's API key", async () => {
  await using insforge = createInsForge();
  const settings = settingsOf(insforge.url);
  insforge.reply(200, [row]);
  insforge.reply(200, row);
  insforge.reply(200, [{ key: "sealed" }]);
  assertEquals(await claimVideos({ gatewayId: "g" }, settings), [row]);
  assertEquals(await updateVideo(row.id, { usd: 1 }, settings), row);
  assertEquals(await readSealedKey("u", settings), "sealed");
  const [claim, update] = insforge.requests.map(({ text }) => text && JSON.parse(text));
  assertEquals(claim, { id: null, gateway_id: "g", max: 1 });
  assertEquals(update, { id: row.id, changes: { usd: 1 } });
  assertEquals(
    new Set(insforge.requests.map(({ headers }) => headers.get("authorization"))),
    new Set([`Bearer ${API_KEY}`]),
  );
});

function settingsOf(url: string) {
  return createSettings(createEnvironment({ INSFORGE_BASE_URL: url, API_KEY }));
}
