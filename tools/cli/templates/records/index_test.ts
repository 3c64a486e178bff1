import { deepEqual, match } from "node:assert/strict";
import { startSandbox } from "insforge-ai-functions/testing";
import handler from "./index.ts";

Deno.test("my-function answers from the caller's rows", async () => {
  await using sandbox = await startSandbox({
    answers: ["One is open."],
    rows: { support_tickets: [{ subject: "Printer on fire", status: "open" }] },
  });
  const { status, body } = await sandbox.call(handler, { question: "How many are open?" });
  deepEqual([status, body], [200, { text: "One is open.", rows: 1 }]);
  match(sandbox.requests[0].messages[1].content, /Printer on fire[\s\S]*How many are open\?/);
});
