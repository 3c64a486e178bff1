/** The administration of the embedded InsForge: functions, secrets and migrations. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Deployment, FunctionProject } from "../../tools/local/insforge/functions/host.ts";
import { createEmbeddedInsForge, type EmbeddedInsForge } from "../../tools/local/insforge/mod.ts";

const FIVE_MINUTES_MS = 300_000;

let insforge: EmbeddedInsForge;
let deployed: FunctionProject = { functions: {}, secrets: {} };
let outcome: Deployment | null = null;
let clockMs = 0;

Deno.test.beforeAll(async () => {
  insforge = await createEmbeddedInsForge({
    anonKey: "anon_local",
    apiKey: "ik_local",
    baseUrl: () => "https://project.insforge.test",
    functions: (slug) => Promise.resolve(Response.json({ source: slug })),
    now: () => clockMs,
    host: {
      url: () => outcome?.url ?? null,
      deploy: (project) => {
        deployed = project;
        return Promise.resolve(outcome);
      },
      run: (slug) => Promise.resolve(Response.json({ deployed: slug })),
      close: () => Promise.resolve(),
    },
  });
});
Deno.test.afterAll(() => insforge.close());
Deno.test.beforeEach(() => {
  clockMs += FIVE_MINUTES_MS;
  outcome = null;
});

Deno.test("administrators' routes reject missing, wrong and users' credentials", async () => {
  for (const path of ["/api/functions", "/api/secrets", "/api/database/migrations"]) {
    assertEquals((await call("GET", path, undefined, "")).status, 401);
    assertEquals((await call("GET", path, undefined, "Bearer anon_local")).status, 401);
    const { status, body } = await call("GET", path, undefined, "Bearer ik_wrong");
    assertEquals([status, body.error], [401, "AUTH_INVALID_API_KEY"]);
  }
});

Deno.test("creates, reads, lists, changes and deletes a function", async () => {
  assertEquals((await call("GET", "/api/functions/hello")).body.error, "FUNCTION_NOT_FOUND");
  const created = await call("POST", "/api/functions", { name: "Hello", code: "1" });
  assertEquals([created.status, created.body.success, created.body.deployment], [201, true, null]);
  assertEquals((await call("GET", "/functions/hello")).body, { deployed: "hello" });
  assertEquals(deployed.functions, { hello: "1" });

  const again = await call("POST", "/api/functions", { name: "x", slug: "hello", code: "2" });
  assertEquals([again.status, again.body.error], [409, "FUNCTION_ALREADY_EXISTS"]);

  await call("PUT", "/api/functions/hello", { code: "2" });
  const { body } = await call("GET", "/api/functions/hello");
  assertEquals([body.name, body.description, body.code, body.status], [
    "Hello",
    null,
    "2",
    "active",
  ]);
  const listed = await call("GET", "/api/functions");
  assertEquals([listed.body.deploymentUrl, listed.body.functions[0].slug], [null, "hello"]);
  assertEquals(listed.body.functions[0].code, undefined);

  assertEquals((await call("DELETE", "/api/functions/hello")).status, 200);
  assertEquals((await call("DELETE", "/api/functions/hello")).status, 404);
  assertEquals((await call("PUT", "/api/functions/hello", { code: "2" })).status, 404);
  assertEquals((await call("GET", "/functions/hello")).body, { source: "hello" });
});

Deno.test("stores a draft and does not serve it", async () => {
  const draft = { name: "d", slug: "draft", code: "1", status: "draft" };
  await call("POST", "/api/functions", draft);
  assertEquals((await call("GET", "/functions/draft")).body, { source: "draft" });
  await call("PUT", "/api/functions/draft", { status: "active" });
  assertEquals((await call("GET", "/functions/draft")).body, { deployed: "draft" });
  await call("DELETE", "/api/functions/draft");
});

Deno.test("rejects a function with an invalid slug, code or field", async () => {
  for (
    const [fields, code, message] of [
      [{ slug: "Health" }, "INVALID_INPUT", /Reserved slug/],
      [{ slug: "a/b" }, "INVALID_INPUT", /Invalid slug format/],
      [{ code: "// Deno.serve (x)" }, "INVALID_INPUT", /cannot contain Deno\.serve/],
      [{ code: "" }, "INVALID_INPUT", /too_small/],
      [{ status: "error" }, "INVALID_INPUT", /invalid_enum_value/],
    ] as [Record<string, string>, string, RegExp][]
  ) {
    const { status, body } = await call("POST", "/api/functions", {
      name: "f",
      code: "1",
      ...fields,
    });
    assertEquals([status, body.error], [400, code]);
    assertMatch(body.message, message);
  }
});

Deno.test("reports a failed deployment and keeps the stored code", async () => {
  outcome = { id: "r1", status: "failed", url: null, buildLogs: ["[error] no"] };
  const { status, body } = await call("POST", "/api/functions", { name: "bad", code: "1" });
  assertEquals([status, body.success, body.deployment], [201, false, outcome]);
  assertEquals((await call("GET", "/api/functions/bad")).body.code, "1");
  await call("DELETE", "/api/functions/bad");
});

Deno.test("allows 15 function writes in 5 minutes, failed ones included, and any number of reads", async () => {
  for (let left = 14; left >= 0; left--) {
    const { status, headers } = await call("DELETE", "/api/functions/none");
    assertEquals([status, headers.get("ratelimit-remaining")], [404, String(left)]);
  }
  clockMs += 60_000;
  const { status, headers, body } = await call("DELETE", "/api/functions/none");
  assertEquals([status, body.error], [429, "TOO_MANY_REQUESTS"]);
  assertEquals([headers.get("retry-after"), headers.get("ratelimit-reset")], ["240", "240"]);
  assertEquals((await call("GET", "/api/functions")).status, 200);
  clockMs += 240_000;
  assertEquals((await call("DELETE", "/api/functions/none")).status, 404);
});

Deno.test("reserves the platform's secrets and passes them to functions", async () => {
  const { body } = await call("GET", "/api/secrets");
  const reserved = body.secrets.filter(({ isReserved }: { isReserved: boolean }) => isReserved);
  assertEquals(reserved.map(({ key }: { key: string }) => key).toSorted(), [
    "ANON_KEY",
    "API_KEY",
    "INSFORGE_BASE_URL",
    "INSFORGE_INTERNAL_URL",
    "JWT_KEY_ID",
    "JWT_PUBLIC_KEY",
    "JWT_SECRET",
  ]);
  assert(!JSON.stringify(body).includes("anon_local"), "the list holds values");
  assertEquals((await call("GET", "/api/secrets/ANON_KEY")).body, {
    key: "ANON_KEY",
    value: "anon_local",
  });
  for (const method of ["PUT", "DELETE"]) {
    const refused = await call(method, "/api/secrets/API_KEY", { value: "x" });
    assertEquals([refused.status, refused.body.error], [403, "FORBIDDEN"]);
  }
  const { body: taken } = await call("POST", "/api/secrets", { key: "API_KEY", value: "x" });
  assertEquals(taken.error, "SECRET_ALREADY_EXISTS");
});

Deno.test("creates, changes, deletes and restores a secret", async () => {
  const path = "/api/secrets/MY_KEY";
  assertEquals((await call("GET", path)).body.error, "SECRET_NOT_FOUND");
  assertEquals((await call("POST", "/api/secrets", { key: "MY_KEY", value: "1" })).status, 201);
  assertEquals((await call("POST", "/api/secrets", { key: "MY_KEY", value: "2" })).status, 409);
  assertEquals(deployed.secrets.MY_KEY, "1");
  await call("PUT", path, { value: "3" });
  assertEquals([(await call("GET", path)).body.value, deployed.secrets.MY_KEY], ["3", "3"]);
  await call("DELETE", path);
  assertEquals([(await call("GET", path)).status, deployed.secrets.MY_KEY], [404, undefined]);
  assertEquals((await call("POST", "/api/secrets", { key: "MY_KEY", value: "4" })).status, 201);
  await call("PUT", path, { expiresAt: "2020-01-01T00:00:00Z" });
  assertEquals([(await call("GET", path)).status, deployed.secrets.MY_KEY], [404, undefined]);
  for (const body of [{ key: "MY_KEY" }, { key: "my-key", value: "1" }]) {
    assertEquals((await call("POST", "/api/secrets", body)).body.error, "INVALID_INPUT");
  }
});

Deno.test("applies a migration as a whole, once, and only when it is the newest", async () => {
  const path = "/api/database/migrations";
  const sql = "create table notes (id int); -- one; two\ninsert into notes values (1);";
  const first = await call("POST", path, { version: "20260101000000", name: "notes", sql });
  assertEquals([first.status, first.body.statements], [201, [
    "create table notes (id int)",
    "-- one; two\ninsert into notes values (1)",
  ]]);
  assertEquals(await insforge.sql("select * from notes"), [{ id: 1 }]);
  for (const version of ["20260101000000", "0001"]) {
    const { status, body } = await call("POST", path, { version, name: "old", sql: "select 1" });
    assertEquals([status, body.error], [409, "DATABASE_MIGRATION_ALREADY_EXISTS"]);
  }
  const broken = "insert into notes values (2); insert into nowhere values (1)";
  const { status } = await call("POST", path, { version: "3e1", name: "x", sql: broken });
  assertEquals(status, 400);
  await call("POST", path, { version: "30000000000000", name: "broken", sql: broken });
  assertEquals(await insforge.sql("select * from notes"), [{ id: 1 }]);
  const { body } = await call("GET", path);
  assertEquals(body.migrations.map(({ name }: { name: string }) => name), ["notes"]);
});

Deno.test("rejects a migration that leaves its transaction or its role", async () => {
  for (
    const sql of [
      "select 1; commit",
      "set role postgres",
      "set local search_path = auth",
      "reset all",
      "create role someone",
      "select 1 -- set_config",
      "this is not sql",
    ]
  ) {
    const migration = { version: "40000000000000", name: "refused", sql };
    const { status, body } = await call("POST", "/api/database/migrations", migration);
    assertEquals([sql, status, body.error], [sql, 403, "FORBIDDEN"]);
  }
});

async function call(
  method: string,
  path: string,
  body?: unknown,
  authorization = "Bearer ik_local",
) {
  const response = await insforge.handler(
    new Request(`http://localhost${path}`, {
      method,
      headers: { authorization, "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    }),
  );
  return { status: response.status, headers: response.headers, body: await response.json() };
}
