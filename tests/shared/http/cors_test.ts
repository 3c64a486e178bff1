import { assertEquals, assertMatch } from "@std/assert";
import { createApp } from "../../../shared/http/app.ts";
import { ApiError } from "../../../shared/errors.ts";
import { createEnvironment, logs, type RequestOptions, send } from "../../support/caller.ts";

const ORIGIN = "https://app.example.com";

const { app, handler } = createApp("probe");
app.post("/", (c) => c.json({}));
app.get("/", (c) => c.json({}));
app.post("/bug", () => {
  throw new Error("a bug");
});
app.post("/refusal", () => {
  throw new ApiError(402, "BILLING_INSUFFICIENT_BALANCE", "No credits");
});

Deno.test("a preflight of any path returns 204 and allows the requested headers", async () => {
  for (const path of ["/probe", "/", "/nowhere"]) {
    const { status, headers, text } = await call(path, {
      method: "OPTIONS",
      headers: {
        Origin: ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, x-stainless-os",
      },
    });
    assertEquals([status, text], [204, ""]);
    assertEquals(headers.get("access-control-allow-origin"), "*");
    assertEquals(headers.get("access-control-allow-headers"), "authorization, x-stainless-os");
    const methods = headers.get("access-control-allow-methods")!.split(", ").sort();
    assertEquals(methods, ["GET", "OPTIONS", "POST"]);
    assertMatch(headers.get("access-control-max-age")!, /^\d+$/);
    assertEquals(headers.get("access-control-allow-credentials"), null);
  }
});

Deno.test("a preflight that requests no headers is allowed the usual ones", async () => {
  const { headers } = await call("/probe", { method: "OPTIONS" });
  assertEquals(headers.get("access-control-allow-headers"), "Authorization, Content-Type");
});

/** ALLOWED_ORIGINS, the Origin of a request, and the Access-Control-Allow-Origin of its response. */
const ORIGINS: [allowed: string, origin: string | undefined, told: string | null][] = [
  ["*", ORIGIN, "*"],
  ["*", undefined, "*"],
  [ORIGIN, ORIGIN, ORIGIN],
  [`https://other.example, ${ORIGIN}`, ORIGIN, ORIGIN],
  [ORIGIN, "https://evil.example", null],
  [ORIGIN, "https://app.example.com.evil.example", null],
  [ORIGIN, "http://app.example.com", null],
  [ORIGIN, "null", null],
  [ORIGIN, "", null],
  [ORIGIN, undefined, null],
  [`*,${ORIGIN}`, "https://evil.example", "*"],
];

for (const [allowed, origin, told] of ORIGINS) {
  Deno.test(`with ALLOWED_ORIGINS=${allowed} a response to the origin ${origin} allows ${told}`, async () => {
    const environment = createEnvironment({ ALLOWED_ORIGINS: allowed });
    const headers: Record<string, string> = origin === undefined ? {} : { Origin: origin };
    for (const path of ["/probe", "/nowhere", "/bug", "/refusal"]) {
      for (const method of ["POST", "OPTIONS"]) {
        const answer = await call(path, { method, headers }, environment);
        assertEquals(answer.headers.get("access-control-allow-origin"), told, path);
        assertEquals(answer.headers.get("vary"), told === "*" ? null : "Origin");
        assertEquals(answer.headers.get("access-control-allow-credentials"), null);
        assertEquals(
          answer.headers.get("access-control-expose-headers"),
          told && "X-Request-Id, X-Generation-Id, Retry-After",
        );
      }
    }
  });
}

Deno.test("invalid ALLOWED_ORIGINS return 500 with the name of the setting before anything is paid", async () => {
  const environment = createEnvironment({ ALLOWED_ORIGINS: "app.example.com/x" });
  const answer = await call("/probe", { headers: { Origin: ORIGIN } }, environment);
  assertEquals([answer.status, answer.body.error], [500, "INTERNAL_ERROR"]);
  assertMatch(answer.body.message, /^The setting ALLOWED_ORIGINS must be/);
  assertEquals(answer.headers.get("access-control-allow-origin"), null);
  assertMatch(String(logs.at(-1)!.cause), /ALLOWED_ORIGINS must be/);
});

function call(path: string, options: RequestOptions = {}, environment = createEnvironment()) {
  return send(handler, environment, {}, { path, ...options });
}
