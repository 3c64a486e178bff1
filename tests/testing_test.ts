import { assertEquals, assertMatch } from "@std/assert";
import chat from "../functions/chat/index.ts";
import stream from "../functions/stream/index.ts";
import { withAi } from "../shared/mod.ts";
import { startSandbox } from "../tools/testing.ts";

console.log = () => {};

Deno.test("a sandbox gives the prepared answers in order, then repeats the messages", async () => {
  await using sandbox = await startSandbox({ answers: ["One", "Two"] });
  const texts: string[] = [];
  for (const prompt of ["a", "b", "c"]) {
    texts.push((await sandbox.call(chat, { prompt })).body.text);
  }
  assertEquals(texts, ["One", "Two", '[{"role":"user","content":"c"}]']);
  assertEquals(sandbox.requests.map(({ messages }) => messages[0].content), ["a", "b", "c"]);
});

Deno.test("a sandbox streams an answer word by word", async () => {
  await using sandbox = await startSandbox({ answers: ["Once upon"] });
  const { status, headers, text, body } = await sandbox.call(stream, { prompt: "Begin" });
  assertEquals([status, body], [200, undefined]);
  assertMatch(headers.get("content-type")!, /^text\/event-stream/);
  const words = [...text.matchAll(/"content":"([^"]+)"/g)].map(([, word]) => word);
  assertEquals(words, ["Once ", "upon"]);
  assertMatch(text, /data: \[DONE\]\n\n$/);
});

Deno.test("a sandbox has the rows of the given tables and no others", async () => {
  const handler = withAi({ slug: "rows" }, async ({ db, request }) => {
    const { table } = await request.json();
    const { data, error } = await db.from(table).select("*");
    return Response.json({ data, error: error?.code });
  });
  await using sandbox = await startSandbox({ rows: { tickets: [{ id: 1 }] } });
  assertEquals((await sandbox.call(handler, { table: "tickets" })).body, { data: [{ id: 1 }] });
  assertEquals((await sandbox.call(handler, { table: "others" })).body, {
    data: null,
    error: "PGRST205",
  });
});

Deno.test("a sandbox passes settings to the function", async () => {
  await using sandbox = await startSandbox({ settings: { MAX_PROMPT_CHARS: "3" } });
  assertEquals((await sandbox.call(chat, { prompt: "four" })).status, 400);
});
