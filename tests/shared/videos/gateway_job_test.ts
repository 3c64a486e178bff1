import { assertEquals } from "@std/assert";
import { toChanges, toGatewayJob } from "../../../shared/videos/gateway_job.ts";

const id = "gen-vid-1700000000-abc";

Deno.test("reads a job, with its error as a text and without its URLs", () => {
  const job = toGatewayJob({
    id,
    polling_url: "https://elsewhere.example.com/x",
    status: "failed",
    error: "Bearer sk-or-v1-0123456789abcdef was refused",
    usage: { cost: "0.5", is_byok: false },
  });
  assertEquals(job, {
    id,
    status: "failed",
    generationId: undefined,
    usd: 0.5,
    error: "[removed] was refused",
    videos: 0,
  });
});

Deno.test("keeps an unknown status open, and reads a provider's word for a failure", () => {
  assertEquals(toGatewayJob({ id, status: "resting" })?.status, undefined);
  assertEquals(toGatewayJob({ id, status: "queued" })?.status, "pending");
  assertEquals(toGatewayJob({ id, status: "dead" })?.status, "failed");
});

for (
  const value of [
    null,
    "text",
    [],
    { error: { message: "no" } },
    { id, error: "no" },
    { id: 5, status: "pending" },
    { id: "../keys", status: "pending" },
    { id: "x".repeat(201), status: "pending" },
  ]
) {
  Deno.test(`takes ${JSON.stringify(value).slice(0, 40)} for no job`, () => {
    assertEquals(toGatewayJob(value), undefined);
  });
}

Deno.test("a completed job costs what is stated, and has at least one video", () => {
  const job = { id, status: "completed" as const, videos: 0 };
  const changes = { status: "completed", generation_id: undefined, usd: undefined, videos: 1 };
  assertEquals(toChanges(job), changes as ReturnType<typeof toChanges>);
  assertEquals(toChanges({ ...job, usd: 2, videos: 3 }).usd, 2);
  assertEquals(toChanges({ ...job, usd: 2, videos: 3 }).videos, 3);
});

Deno.test("a job without a video costs nothing unless it is stated", () => {
  for (const status of ["failed", "cancelled", "expired"] as const) {
    assertEquals(toChanges({ id, status, videos: 0 }).usd, 0);
    assertEquals(toChanges({ id, status, videos: 0, usd: 0.1 }).usd, 0.1);
  }
  assertEquals(toChanges({ id, status: "in_progress", videos: 0 }).usd, undefined);
});
