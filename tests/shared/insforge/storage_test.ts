import { assert, assertEquals } from "@std/assert";
import { uploadObject } from "../../../shared/insforge/storage.ts";
import { TOKEN } from "../../support/caller.ts";
import {
  assertFailure,
  createInsForge,
  gateway,
  type Received,
  settingsOf,
} from "../fake_insforge.ts";

const caller = { token: TOKEN };
const OBJECT = {
  bucket: "pictures",
  key: "a b/c.png",
  content: new Blob(["x"], { type: "image/png" }),
};
const STORED = {
  bucket: "pictures",
  key: "a b/c.png",
  size: 1,
  mimeType: "image/png",
  url: "https://app.example.com/api/storage/buckets/pictures/objects/a%20b%2Fc.png?v=1",
};

Deno.test("uploadObject uploads as the caller and returns the object's URL", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, { method: "direct", uploadUrl: "/ignored" });
  insforge.reply(201, STORED);
  const stored = await uploadObject(caller, OBJECT, settingsOf(insforge));
  assertEquals(stored, { bucket: STORED.bucket, key: STORED.key, url: STORED.url });
  const [strategy, upload] = insforge.requests as [Received, Received];
  assertEquals(strategy.line, "POST /api/storage/buckets/pictures/upload-strategy");
  assertEquals(JSON.parse(strategy.text), {
    filename: "a b/c.png",
    contentType: "image/png",
    size: 1,
  });
  assertEquals(upload.line, "PUT /api/storage/buckets/pictures/objects/a%20b%2Fc.png");
  for (const { headers } of insforge.requests) {
    assertEquals(headers.get("authorization"), `Bearer ${TOKEN}`);
  }
});

const UPLOAD_FAILURES: [status: number, body: unknown, ours: number, code: string][] = [
  [400, gateway(400, "STORAGE_INVALID_PARAMETER"), 400, "INVALID_INPUT"],
  [401, gateway(401, "AUTH_UNAUTHORIZED"), 401, "AUTH_UNAUTHORIZED"],
  [403, gateway(403, "STORAGE_PERMISSION_DENIED"), 403, "STORAGE_PERMISSION_DENIED"],
  [404, gateway(404, "STORAGE_NOT_FOUND"), 400, "STORAGE_NOT_FOUND"],
  [413, gateway(413, "STORAGE_INVALID_PARAMETER"), 413, "INVALID_INPUT"],
  [429, gateway(429, "TOO_MANY_REQUESTS"), 502, "UPSTREAM_FAILURE"],
  [500, gateway(500, "INTERNAL_ERROR"), 502, "UPSTREAM_FAILURE"],
  [502, "<html>Bad Gateway</html>", 502, "UPSTREAM_FAILURE"],
  [200, "<html>a proxy's page</html>", 502, "UPSTREAM_FAILURE"],
  [200, {}, 502, "UPSTREAM_FAILURE"],
];

for (const [status, body, ours, code] of UPLOAD_FAILURES) {
  for (const step of ["the strategy", "the upload"]) {
    Deno.test(`${step} answered with ${status} ${JSON.stringify(body)} is ${ours} ${code}`, async () => {
      await using insforge = createInsForge();
      if (step === "the upload") insforge.reply(200, { method: "direct" });
      insforge.replyAlways(status, body);
      const stored = uploadObject(caller, OBJECT, settingsOf(insforge));
      const error = await assertFailure(stored, ours, code);
      assert(!/127\.0\.0\.1|<html>/.test(error.message), error.message);
    });
  }
}

Deno.test("uploads to an InsForge that cannot be reached are a 502", async () => {
  const nowhere = { url: "http://127.0.0.1:9" };
  await assertFailure(uploadObject(caller, OBJECT, settingsOf(nowhere)), 502, "UPSTREAM_FAILURE");
});
