/** Which requests a developer's browser may send to the embedded InsForge. */
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { createEmbeddedInsForge } from "../../tools/local/insforge/mod.ts";
import { guardLoopback } from "../../tools/local/loopback_guard.ts";
import { DEMO_USERS } from "../../tools/local/insforge/demo.ts";
import { startStack } from "../../tools/local/stack.ts";

const ANY_PORT: Record<string, string> = { PORT: "0", INSFORGE_PORT: "0", OPENROUTER_PORT: "0" };
const ALLOWED = "https://app.example.com";

Deno.test("accepts only loopback hosts and origins of this machine or of ALLOWED_ORIGINS", async () => {
  const guarded = guardLoopback(() => new Response("passed"), ["*", ALLOWED]);
  for (
    const [url, origin, status] of [
      ["http://127.0.0.1:7130/", null, 200],
      ["http://localhost:7130/", "http://localhost:5173", 200],
      ["http://[::1]:7130/", "http://[::1]:3000", 200],
      ["http://127.0.0.1:7130/", "https://shop.localhost", 200],
      ["http://127.0.0.1:7130/", ALLOWED, 200],
      ["http://127.0.0.1:7130/", "https://evil.example", 403],
      ["http://127.0.0.1:7130/", "https://localhost.evil.example", 403],
      ["http://127.0.0.1:7130/", "https://127.0.0.1.evil.example", 403],
      ["http://127.0.0.1:7130/", "null", 403],
      ["http://evil.example:7130/", null, 403],
      ["http://evil.example:7130/", "http://evil.example:7130", 403],
      ["http://127.0.0.1.evil.example/", null, 403],
    ] as [string, string | null, number][]
  ) {
    const headers: HeadersInit = origin === null ? {} : { Origin: origin };
    const response = await guarded(new Request(url, { headers }));
    assertEquals([url, origin, response.status], [url, origin, status]);
  }
});

Deno.test("the local stack refuses web pages from elsewhere, on every route of InsForge", async () => {
  await using stack = await startStack({ get: (name) => ANY_PORT[name] });
  const [{ email, password }] = DEMO_USERS;
  const { API_KEY } = stack.insforge!.secrets;
  const requests: [string, RequestInit][] = [
    ["/api/functions", {}],
    ["/api/secrets", {}],
    ["/api/database/advance/rawsql", { method: "POST", body: '{"query":"select 1"}' }],
    ["/api/database/records/support_tickets", {}],
    ["/api/auth/sessions", { method: "POST", body: JSON.stringify({ email, password }) }],
  ];
  for (const [path, init] of requests) {
    for (
      const [origin, isAllowed] of [["http://localhost:5173", true], [
        "https://evil.example",
        false,
      ]]
    ) {
      const response = await fetch(stack.insforgeUrl + path, {
        ...init,
        headers: {
          "Content-Type": "application/json",
          Authorization: `Bearer ${API_KEY}`,
          Origin: String(origin),
        },
      });
      const text = await response.text();
      assertEquals([path, origin, response.ok], [path, origin, isAllowed], text);
      if (isAllowed) continue;
      assertEquals([response.status, JSON.parse(text).error], [403, "FORBIDDEN"]);
      assertEquals(response.headers.get("access-control-allow-origin"), null);
    }
  }
});

Deno.test("generates the keys of every installation and keeps them", async () => {
  await Deno.mkdir(".local", { recursive: true });
  const dataDir = await Deno.makeTempDir({ dir: ".local" });
  const start = async (options: { dataDir?: string; jwtSecret?: string }) => {
    const insforge = await createEmbeddedInsForge({ baseUrl: () => "", ...options });
    await insforge.close();
    return insforge.secrets;
  };
  try {
    const first = await start({ dataDir });
    assertMatch(first.ANON_KEY!, /^anon_[0-9a-f]{64}$/);
    assertMatch(first.API_KEY!, /^ik_[0-9a-f]{64}$/);
    assertEquals(await start({ dataDir }), first);
    const other = await start({});
    for (const name of ["ANON_KEY", "API_KEY", "JWT_SECRET", "JWT_KEY_ID"]) {
      assertNotEquals(other[name], first[name]);
    }
    const { mode } = await Deno.stat(`${dataDir}/keys.json`);
    assertEquals(mode! & 0o077, 0);
    const given = await start({ dataDir, jwtSecret: "from the environment" });
    assertEquals(given, { ...first, JWT_SECRET: "from the environment" });
    const kept = await Deno.readTextFile(`${dataDir}/keys.json`);
    assert(!kept.includes("from the environment"));
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});
