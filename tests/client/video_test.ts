/** `ai.video` against a host that plays the function. */
import { type AiClient, AiError, createAiClient, type VideoJob } from "../../client/mod.ts";
import { assertEquals, assertRejects } from "@std/assert";

const id = "1";
const running = { id, status: "in_progress" };
const ended = { id, status: "completed", videos: [{ url: "https://x" }] };

Deno.test("start, status, list and cancel send what the function expects", async () => {
  await using host = serve(() => Response.json(ended));
  const { video } = host.ai;
  await video.start({ prompt: "a", duration: 4 });
  await video.status("a/b");
  await video.list();
  await video.list({ limit: 2, after: id });
  await video.cancel(id);
  assertEquals(
    host.requests,
    [
      ['POST /video-gen {"prompt":"a","duration":4}'],
      ["GET /video-gen?route=a%2Fb"],
      ["GET /video-gen?"],
      ["GET /video-gen?limit=2&after=1"],
      ['POST /video-gen?route=cancel {"id":"1"}'],
    ].flat(),
  );
});

Deno.test("wait asks until the job has ended, and reports each question", async () => {
  const answers = [running, running, ended];
  await using host = serve(() => Response.json(answers.shift()));
  const seen: string[] = [];
  const onProgress = ({ status }: VideoJob) => void seen.push(status);
  const job = await host.ai.video.wait(id, { intervalMs: 0, onProgress });
  assertEquals(job.status, "completed");
  assertEquals(seen, ["in_progress", "in_progress", "completed"]);
});

Deno.test("wait goes on after a failure of the server, and ends at one of the request", async () => {
  const answers = [failure(502), failure(429), Response.json(ended)];
  await using host = serve(() => answers.shift()!);
  assertEquals((await host.ai.video.wait(id, { intervalMs: 0 })).status, "completed");

  await using unknown = serve(() => failure(404));
  const error = await assertRejects(
    () => unknown.ai.video.wait(id, { intervalMs: 0 }),
    AiError,
  );
  assertEquals([error.status, unknown.requests.length], [404, 1]);
});

Deno.test("wait gives up after six failures in a row", async () => {
  await using host = serve(() => failure(502));
  const error = await assertRejects(() => host.ai.video.wait(id, { intervalMs: 0 }), AiError);
  assertEquals([error.status, host.requests.length], [502, 6]);
});

Deno.test("wait throws the reason of its signal, also between two questions", async () => {
  await using host = serve(() => Response.json(running));
  const controller = new AbortController();
  const onProgress = () => controller.abort(new Error("enough"));
  const options = { signal: controller.signal, onProgress, intervalMs: 60_000 };
  await assertRejects(() => host.ai.video.wait(id, options), Error, "enough");
  assertEquals(host.requests.length, 1);
});

Deno.test("content returns the bytes, also from a host that responds with JSON", async () => {
  const bytes = new Uint8Array([0, 1, 255]);
  const data_url = `data:video/mp4;base64,${bytes.toBase64()}`;
  const answers = [
    new Response(bytes, { headers: { "Content-Type": "video/mp4" } }),
    Response.json({ media_type: "video/mp4", data_url }),
  ];
  await using host = serve(() => answers.shift()!);
  for (const index of [undefined, 1]) {
    const video = await host.ai.video.content(id, { index });
    assertEquals([video.type, await video.bytes()], ["video/mp4", bytes]);
  }
  assertEquals(host.requests, [
    "GET /video-gen?route=1%2Fcontent",
    "GET /video-gen?route=1%2Fcontent&index=1",
  ]);
});

function failure(status: number): Response {
  const body = { error: "UPSTREAM_FAILURE", message: "m", statusCode: status };
  return Response.json(body, { status });
}

function serve(respond: () => Response) {
  const requests: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const path = request.url.replace(/^https?:\/\/[^/]+/, "");
    requests.push(`${request.method} ${path} ${await request.text()}`.trim());
    return respond();
  });
  const functionsUrl = `http://127.0.0.1:${server.addr.port}`;
  const ai: AiClient = createAiClient({ functionsUrl, getAccessToken: () => "t" });
  return { ai, requests, [Symbol.asyncDispose]: () => server.shutdown() };
}
