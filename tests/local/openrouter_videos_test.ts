/** Videos of the simulated OpenRouter. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { FILM } from "../../tools/local/openrouter/film.ts";
import { serve, type Server } from "./openrouter_server.ts";

const model = "google/veo-3.1";
const prompt = "A lighthouse";

Deno.test("a job advances each time it is asked for, and is billed once when it is completed", async () => {
  await using server = serve();
  const ordered = await server.post("/videos", { model, prompt, duration: 4 });
  const { id, status, polling_url } = await ordered.json();
  assertEquals([ordered.status, status], [202, "pending"]);
  assertEquals(polling_url, `/api/v1/videos/${id}`);
  const early = await server.get(`/videos/${id}/content`);
  assertEquals(early.status, 409, await early.text());
  assertEquals((await ask(server, id)).status, "in_progress");
  assertEquals(server.bill().generations, 0);
  for (let i = 0; i < 2; i++) {
    const job = await ask(server, id);
    assertEquals([job.status, job.usage], ["completed", { cost: 1.6, is_byok: false }]);
    assertEquals(job.unsigned_urls, [`${server.url}/videos/${id}/content?index=0`]);
  }
  assertEquals(server.bill(), { total: 1.6, generations: 1 });
});

Deno.test("a finished job is a film, which can be of any size", async () => {
  await using server = serve();
  for (const [video_bytes, length] of [[0, FILM.length], [100_000, 100_000]] as const) {
    const simulate = { video_polls: 0, video_bytes };
    const { id } = await (await server.post("/videos", { model, prompt, simulate })).json();
    await ask(server, id);
    const response = await server.get(`/videos/${id}/content?index=0`);
    assertEquals(response.headers.get("content-type"), "video/mp4");
    const bytes = await response.bytes();
    assertEquals([bytes.length, bytes.subarray(0, FILM.length)], [length, FILM]);
  }
});

Deno.test("a job that fails says why, and costs nothing", async () => {
  await using server = serve();
  for (const video_status of ["failed", "cancelled", "expired"] as const) {
    const simulate = { video_polls: 1, video_status };
    const { id } = await (await server.post("/videos", { model, prompt, simulate })).json();
    const { status, error } = await ask(server, id);
    assertEquals([status, typeof error === "string"], [video_status, video_status === "failed"]);
  }
  assertEquals(server.bill().generations, 0);
});

Deno.test("a polling_url may be relative, absolute or on another host", async () => {
  await using server = serve();
  const urlOf = async (polling_url: string) => {
    const response = await server.post("/videos", { model, prompt, simulate: { polling_url } });
    return (await response.json()).polling_url as string;
  };
  assertEquals((await urlOf("relative")).slice(0, 15), "/api/v1/videos/");
  assertStringIncludes(await urlOf("absolute"), server.url);
  assertStringIncludes(await urlOf("elsewhere"), "https://videos.example.com/");
});

Deno.test("a job belongs to the account that ordered it", async () => {
  await using server = serve();
  const { id } = await (await server.post("/videos", { model, prompt })).json();
  const foreign = await server.get(`/videos/${id}`, null);
  assertEquals(foreign.status, 401, await foreign.text());
  const unknown = await server.get("/videos/gen-vid-unknown");
  assertEquals(unknown.status, 404, await unknown.text());
});

Deno.test("refuses a length that the model does not offer, and a model that makes no videos", async () => {
  await using server = serve();
  const long = await server.post("/videos", { model, prompt, duration: 60 });
  assertEquals(long.status, 400);
  assertStringIncludes(await long.text(), "must be one of 8, 4, 6");
  const chat = await server.post("/videos", { model: "openai/gpt-4o-mini", prompt });
  assertEquals(chat.status, 404, await chat.text());
  const { data } = await (await server.get("/videos/models")).json();
  assertEquals(data[0].pricing_skus, { duration_seconds: "0.4" });
});

async function ask(server: Server, id: string) {
  return await (await server.get(`/videos/${id}`)).json();
}
