/** The fuzzer notices responses that are not documented. */
import { assertThrows } from "@std/assert";
import type { FuzzedOperation } from "../../tools/fuzz/operations.ts";
import { requireDocumented } from "../../tools/fuzz/outcome.ts";
import { OPENROUTER_KEY } from "../../tools/fuzz/world.ts";

const OPERATION: FuzzedOperation = {
  name: "POST /chat",
  slug: "chat",
  method: "POST",
  path: "/chat",
  handler: Object.assign(() => Promise.resolve(new Response()), { routes: [] }),
  statuses: new Set([200, 400, 500]),
  findIssue: (body) => "text" in Object(body) ? undefined : '"text" is missing',
  examples: [],
};
const HEADERS = { "X-Request-Id": "r", "Access-Control-Allow-Origin": "*" };
const FAILED = {
  error: "INTERNAL_ERROR",
  message: "The setting API_KEY is missing",
  statusCode: 500,
};

function check(status: number, body: unknown, headers: Record<string, string> = HEADERS): void {
  const response = Response.json(null, { status, headers });
  const text = typeof body === "string" ? body : JSON.stringify(body);
  requireDocumented(OPERATION, { response, text, isWhole: true, isHealthy: true });
}

Deno.test("accepts a documented response, and a 500 that names a setting", () => {
  check(200, { text: "Hi" });
  check(500, FAILED);
});

const UNDOCUMENTED: [string, number, unknown, Record<string, string>?][] = [
  ["status is not documented", 418, { text: "Hi" }],
  ["not what the API reference says", 200, {}],
  ["not JSON", 200, "{"],
  ["does not name a setting", 500, { ...FAILED, message: "Something went wrong on our side" }],
  ["body's status", 400, FAILED],
  ["code is not documented", 500, { ...FAILED, error: "Oops" }],
  ["holds", 200, { text: OPENROUTER_KEY }],
  ["holds", 200, { text: "Error\n    at run (file.ts:1:2)" }],
  ["X-Request-Id is missing", 200, { text: "Hi" }, {}],
];
for (const [problem, status, body, headers] of UNDOCUMENTED) {
  Deno.test(`notices a response ${status} ${JSON.stringify(body)} whose problem is "${problem}"`, () => {
    assertThrows(() => check(status, body, headers), Error, problem);
  });
}
