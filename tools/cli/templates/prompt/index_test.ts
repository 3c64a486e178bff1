import { deepEqual, equal } from "node:assert/strict";
import { startSandbox } from "insforge-ai-functions/testing";
import handler from "./index.ts";

Deno.test("my-function returns the translation", async () => {
  await using sandbox = await startSandbox({ answers: ["Bonjour"] });
  const { status, body } = await sandbox.call(handler, { text: "Good morning", to: "French" });
  deepEqual([status, body], [200, { text: "Bonjour" }]);
  equal(sandbox.requests[0].messages[1].content, "Good morning");
});

Deno.test("my-function returns 400 when the text is missing", async () => {
  await using sandbox = await startSandbox();
  const { status, body } = await sandbox.call(handler, { to: "French" });
  deepEqual([status, body.message], [400, '"text" is required']);
});
