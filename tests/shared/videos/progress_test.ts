import { assertEquals } from "@std/assert";
import { createSettings } from "../../../shared/settings.ts";
import { sealUserKey } from "../../../shared/user_keys/user_key.ts";
import { askProgress } from "../../../shared/videos/progress.ts";
import type { ClaimedVideo } from "../../../shared/videos/rows.ts";
import { API_KEY, createEnvironment } from "../../support/caller.ts";
import { createUpstream, type Reply } from "../../support/upstream.ts";
import { createInsForge } from "../fake_insforge.ts";
import { createFinishedRow, createRow } from "./row.ts";

const id = "gen-vid-1";
const OLD = new Date(Date.now() - 25 * 3_600_000).toISOString();
const gone = { status: "expired", error: "OpenRouter no longer has this video" };
const late = { status: "expired", error: "OpenRouter did not finish this video within a day" };

for (
  const [title, reply, fields, expected] of [
    ["the status of a job", { json: { id, status: "in_progress" } }, {}, { status: "in_progress" }],
    [
      "cost and number of videos",
      {
        json: { id, status: "completed", usage: { cost: 2 }, unsigned_urls: ["https://x", "y"] },
      },
      {},
      { status: "completed", usd: 2, videos: 2 },
    ],
    ["the text of a failure", { json: { id, status: "failed", error: "too dark" } }, {}, {
      status: "failed",
      usd: 0,
      error: "too dark",
    }],
    ["nothing when OpenRouter fails", { status: 503, text: "" }, {}, {}],
    ["nothing for a response that is not a job", { json: [] }, {}, {}],
    ["the end of a job that OpenRouter no longer knows", { status: 404, text: "" }, {}, gone],
    ["the end of a job that lasts longer than a day", { json: { id, status: "pending" } }, {
      created_at: OLD,
    }, late],
    ["the end of an old job when OpenRouter fails", { status: 500, text: "" }, {
      created_at: OLD,
    }, late],
  ] as [string, Reply, Partial<ClaimedVideo>, object][]
) {
  Deno.test(`records ${title}`, async () => {
    assertEquals(await changesOf(createRow(fields), reply), expected);
  });
}

Deno.test("asks with the user's own key when it pays", async () => {
  const settings = createSettings(createEnvironment({ KEYS_ENCRYPTION_KEY: KEY }));
  const key = await sealUserKey("sk-or-v1-own", "u", settings);
  const keys: (string | null)[] = [];
  const reply = ({ headers }: { headers: Headers }) => {
    keys.push(headers.get("authorization"));
    return { json: { id, status: "pending" } };
  };
  assertEquals(await changesOf(createRow({ own_key: true, key }), reply), { status: "pending" });
  assertEquals(keys, ["Bearer sk-or-v1-own"]);
});

Deno.test("ends a job whose account is no longer connected, without another key", async () => {
  const error = "The OpenRouter account that pays for this video is no longer connected";
  for (const key of [null, "ruined"]) {
    const changes = await changesOf(createRow({ own_key: true, key }));
    assertEquals(changes, { status: "failed", error });
  }
});

Deno.test("does not ask about a job that has ended", async () => {
  const row = createFinishedRow();
  const settings = createSettings(createEnvironment());
  assertEquals(await askProgress(row, { settings, signal: new AbortController().signal }), row);
});

const KEY = "a1".repeat(32);

/** What is recorded of a job about which OpenRouter says this. */
async function changesOf(
  row: ClaimedVideo,
  ...replies: (Reply | ((request: { headers: Headers }) => Reply))[]
): Promise<object> {
  await using insforge = createInsForge();
  await using upstream = await createUpstream();
  upstream.reply(...replies);
  insforge.reply(200, row);
  const settings = createSettings(createEnvironment({
    INSFORGE_BASE_URL: insforge.url,
    OPENROUTER_BASE_URL: upstream.url,
    KEYS_ENCRYPTION_KEY: KEY,
    API_KEY,
  }));
  await askProgress(row, { settings, signal: new AbortController().signal });
  return JSON.parse(insforge.requests[0]!.text).changes;
}
