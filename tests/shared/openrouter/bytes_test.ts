/** Responses that are files, fetched through a function. */
import { assertEquals } from "@std/assert";
import { requireUser } from "../../../shared/auth/user_token.ts";
import { createApp } from "../../../shared/http/app.ts";
import { requestFile } from "../../../shared/openrouter/bytes.ts";
import { logs, send } from "../../support/caller.ts";
import { createUpstream, type Reply } from "../../support/upstream.ts";
import { environmentOf } from "./openrouter_probe.ts";

const { app, handler } = createApp("probe");
app.post("/", async ({ env: call }) => {
  await requireUser(call);
  const params = { model: "a/b", input: "Hello" };
  const { mediaType, bytes } = await requestFile(call, { path: "/audio/speech", params });
  return Response.json({ mediaType, text: new TextDecoder().decode(bytes) });
});

Deno.test("returns the bytes of a response with their media type, and logs the generation", async () => {
  const headers = { "content-type": "audio/mpeg", "x-generation-id": "gen-1" };
  const { status, body, headers: own } = await request({ text: "sound", headers });
  assertEquals([status, body], [200, { mediaType: "audio/mpeg", text: "sound" }]);
  assertEquals(own.get("X-Generation-Id"), "gen-1");
  assertEquals(logs.at(-1)!.generation_id, "gen-1");
});

Deno.test("charges JSON that states what it cost, although it is not a file", async () => {
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5, cost: 0.25 };
  const { status } = await request({ json: { id: "gen-2", usage } });
  assertEquals([status, logs.at(-1)!.cost, logs.at(-1)!.generation_id], [502, 0.25, "gen-2"]);
});

Deno.test("charges nothing for an error that is labelled as a file", async () => {
  const json = { error: { code: 402, message: "No credits" } };
  const { status } = await request({ json, headers: { "content-type": "audio/mpeg" } });
  assertEquals([status, logs.at(-1)!.cost], [402, undefined]);
});

Deno.test("returns bytes without a media type, also when they begin like JSON", async () => {
  const { body } = await request({ text: '{"sound\0', headers: { "content-type": "" } });
  assertEquals(body, { mediaType: "application/octet-stream", text: '{"sound\0' });
});

const FAILURES: Record<string, [Reply, number, string]> = {
  "an error with status 200": [
    { json: { error: { code: 402, message: "No credits" } } },
    402,
    "BILLING_INSUFFICIENT_BALANCE",
  ],
  "an error with status 200 and no media type": [
    { json: { error: { code: 400, message: "No such voice" } }, headers: { "content-type": "" } },
    400,
    "INVALID_INPUT",
  ],
  "an error with status 200 and the media type of a file": [
    { text: ' {"error":{"code":402,"message":"x"}}', headers: { "content-type": "audio/mpeg" } },
    402,
    "BILLING_INSUFFICIENT_BALANCE",
  ],
  "events without a media type": [
    { sse: ['data: {"error":{"code":400,"message":"x"}}\n\n'], headers: { "content-type": "" } },
    502,
    "AI_UPSTREAM_UNAVAILABLE",
  ],
  "events with the media type of a file": [
    { sse: ['data: {"error":{"code":400}}\n\n'], headers: { "content-type": "audio/mpeg" } },
    502,
    "AI_UPSTREAM_UNAVAILABLE",
  ],
  "text without a media type": [
    { text: "<html>502</html>", headers: { "content-type": "" } },
    502,
    "AI_UPSTREAM_UNAVAILABLE",
  ],
  "an error status": [
    { status: 400, json: { error: { code: 400, message: "No such voice" } } },
    400,
    "INVALID_INPUT",
  ],
  "JSON without an error": [{ json: { audio: "…" } }, 502, "AI_UPSTREAM_UNAVAILABLE"],
  "text": [{ text: "Not found" }, 502, "AI_UPSTREAM_UNAVAILABLE"],
  "an empty file": [
    { text: "", headers: { "content-type": "audio/mpeg" } },
    502,
    "AI_UPSTREAM_UNAVAILABLE",
  ],
  "a file that is cut": [
    {
      text: "sound",
      headers: { "content-type": "audio/mpeg", "content-length": "99" },
      end: "cut",
    },
    502,
    "AI_UPSTREAM_UNAVAILABLE",
  ],
};
for (const [name, [reply, status, code]] of Object.entries(FAILURES)) {
  Deno.test(`returns ${status} ${code} for ${name}`, async () => {
    const answer = await request(reply);
    assertEquals([answer.status, answer.body.error], [status, code]);
  });
}

async function request(reply: Reply) {
  await using upstream = await createUpstream();
  upstream.reply(reply);
  return await send(handler, environmentOf(upstream), {});
}
