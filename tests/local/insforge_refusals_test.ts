/** Requests that the embedded InsForge rejects because InsForge does. */
import { assertEquals, assertMatch } from "@std/assert";
import { createEmbeddedInsForge, type EmbeddedInsForge } from "../../tools/local/insforge/mod.ts";

let insforge: EmbeddedInsForge;

Deno.test.beforeAll(async () => {
  insforge = await createEmbeddedInsForge({ baseUrl: () => "https://project.insforge.test" });
  await insforge.sql(`
    create table animals (id int primary key, name text not null, legs int not null);
    insert into animals values (1, 'cat', 4), (2, 'crow', 2), (3, 'ant', 6);
    create function list_animals() returns setof animals language sql stable
      as 'select * from animals';
    create function pair() returns record language sql stable as 'select 1 as head, ''x''::text as tail';
    create function split(out head int, out tail text) language sql stable as 'select 1, ''x''';
    create function add(variadic numbers int[]) returns int language sql stable
      as 'select sum(n)::int from unnest(numbers) as n';
  `);
});
Deno.test.afterAll(() => insforge.close());

Deno.test("rejects a repeated or= and other repeated keywords, not a repeated column", async () => {
  const records = "/api/database/records/animals";
  for (
    const query of [
      "or=(id.eq.1,id.eq.2)&or=(legs.eq.4,legs.eq.2)",
      "and=(id.eq.1)&and=(legs.eq.4)",
      "select=id&select=name",
      "order=id&order=name",
    ]
  ) {
    const { status, body } = await call(`${records}?${query}`);
    assertEquals([query, status, body.code], [query, 400, "PGRST100"]);
  }
  const { status, body } = await call(`${records}?select=id&legs=gte.3&legs=lte.5`);
  assertEquals([status, body], [200, [{ id: 1 }]]);
});

Deno.test("rejects an rpc that is filtered or ordered by a column it does not select", async () => {
  const rpc = "/api/database/rpc/list_animals";
  for (const query of ["select=name&legs=eq.4", "select=name&order=legs", "select=nothing"]) {
    const { status, body } = await call(`${rpc}?${query}`, { method: "POST", json: {} });
    assertEquals([query, status, body.code], [query, 400, "42703"]);
  }
  const { body } = await call(`${rpc}?select=name,legs&legs=lt.5&order=legs`);
  assertEquals(body, [{ name: "crow", legs: 2 }, { name: "cat", legs: 4 }]);
});

Deno.test("rejects an rpc whose body is not JSON", async () => {
  for (
    const [mediaType, status, code] of [
      ["text/plain", 404, "PGRST202"],
      ["application/octet-stream", 404, "PGRST202"],
      ["application/xml", 400, "PGRST102"],
    ] as const
  ) {
    const response = await call("/api/database/rpc/list_animals", { method: "POST", mediaType });
    assertEquals([response.status, response.body.code], [status, code]);
  }
});

Deno.test("returns a record without output parameters as one value", async () => {
  const post = (name: string) => call(`/api/database/rpc/${name}`, { method: "POST", json: {} });
  assertEquals((await post("pair")).body, { head: 1, tail: "x" });
  assertEquals((await post("split")).body, { head: 1, tail: "x" });
});

Deno.test("rejects a variadic argument in the query string", async () => {
  const { status, body } = await call("/api/database/rpc/add?numbers=1");
  assertEquals([status, body.code], [400, "22P02"]);
  const posted = await call("/api/database/rpc/add", { method: "POST", json: { numbers: [1, 2] } });
  assertEquals(posted.body, 3);
});

Deno.test("rejects an unknown sign-in method", async () => {
  const user = { email: "a@example.com", password: "secret-enough" };
  const signIn = (json: unknown) => call("/api/auth/sessions", { method: "POST", json });
  const { status, body } = await signIn({ ...user, method: "magic" });
  assertEquals([status, body.error], [400, "INVALID_INPUT"]);
  assertMatch(body.message, /^method: Invalid discriminator value/);
  for (const method of [undefined, null, "password", "otp"]) {
    assertEquals((await signIn({ ...user, method })).status, 401);
  }
});

Deno.test("rejects the slug that the functions runtime uses itself", async () => {
  for (
    const [fields, code] of [
      [{ name: "f", slug: "Health" }, "INVALID_INPUT"],
      [{ name: "health" }, "FUNCTION_SLUG_RESERVED"],
    ] as const
  ) {
    const json = { code: "1", ...fields };
    const { status, body } = await call("/api/functions", { method: "POST", json });
    assertEquals([status, body.error], [400, code]);
    assertMatch(body.message, /Reserved slug/);
  }
});

Deno.test("downloads have an ETag, and text a charset", async () => {
  await call("/api/storage/buckets", { method: "POST", json: { bucketName: "public" } });
  const url = "http://localhost/api/storage/buckets/public/objects/hello.txt";
  const form = new FormData();
  form.set("file", new File(["hello"], "hello.txt", { type: "text/plain" }));
  const headers = { Authorization: `Bearer ${insforge.secrets.API_KEY}` };
  const put = await insforge.handler(new Request(url, { method: "PUT", body: form, headers }));
  assertEquals(put.status, 200, await put.text());
  const response = await insforge.handler(new Request(url));
  assertEquals([response.headers.get("content-type"), await response.text()], [
    "text/plain; charset=utf-8",
    "hello",
  ]);
  assertEquals(response.headers.get("etag"), 'W/"5-qvTGHdzF6KLavt4PO0gs2a6pQ00"');
});

/** Calls the embedded InsForge as an administrator. */
async function call(
  path: string,
  { method = "GET", json, mediaType = "application/json" }: {
    method?: string;
    json?: unknown;
    mediaType?: string;
  } = {},
) {
  const response = await insforge.handler(
    new Request(`http://localhost${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${insforge.secrets.API_KEY}`,
        "Content-Type": mediaType,
      },
      body: method === "GET" ? undefined : JSON.stringify(json ?? {}),
    }),
  );
  return { status: response.status, body: await response.json() };
}
