/** The embedded InsForge through the SDK that apps use. */

import { createClient } from "@insforge/sdk";
import { assert, assertEquals, assertRejects } from "@std/assert";
import * as jose from "jose";
import { cp } from "node:fs/promises";
import { createDemoData, DEMO_USERS } from "../../tools/local/insforge/demo.ts";
import {
  createEmbeddedInsForge,
  type EmbeddedInsForge,
  type EmbeddedInsForgeOptions,
} from "../../tools/local/insforge/mod.ts";

/** A data folder with the demo data. It is copied for each test, which is faster than a new one. */
let template: string;

Deno.test.beforeAll(async () => {
  await Deno.mkdir(".local", { recursive: true });
  template = await Deno.makeTempDir({ dir: ".local" });
  await using backend = await start({ dataDir: template });
  await createDemoData(backend.insforge);
});

Deno.test.afterAll(() => Deno.remove(template, { recursive: true }));

Deno.test("both demo users read exactly their own tickets, visitors none", async () => {
  await using backend = await start();
  await createDemoData(backend.insforge); // a second time, as on every start
  for (const { email, password, tickets } of DEMO_USERS) {
    const { client, userId } = await signIn(backend, email, password);
    const { data, count } = await client.database.from("support_tickets")
      .select("owner", { count: "exact" });
    assertEquals(count, tickets);
    assertEquals(data?.every(({ owner }) => owner === userId), true);
  }
  const visitor = createClient({ baseUrl: backend.baseUrl, anonKey: "anon_local" });
  const { data, error } = await visitor.database.from("support_tickets").select();
  assertEquals([data, error?.code], [null, "42501"]);
});

Deno.test("a user cannot take, change or delete another user's row", async () => {
  await using backend = await start();
  const [first, second] = await Promise.all(
    DEMO_USERS.map(({ email, password }) => signIn(backend, email, password)),
  );
  const own = await first!.client.database.from("support_tickets").select("id").limit(1).single();
  const foreign = second!.client.database.from("support_tickets");
  const changed = await foreign.update({ status: "closed" }).eq("id", own.data?.id).select();
  assertEquals(changed.data, []);
  const deleted = await foreign.delete().eq("id", own.data?.id).select();
  assertEquals(deleted.data, []);
  const forged = await foreign.insert([{
    owner: first!.userId,
    customer: "A",
    subject: "B",
    body: "C",
    category: "app",
  }]);
  assertEquals(forged.error?.code, "42501");
});

Deno.test("returns 401 AUTH_UNAUTHORIZED for accounts and records when the token is expired", async () => {
  await using backend = await start();
  const { secrets } = backend.insforge;
  const expired = await new jose.SignJWT({ role: "authenticated" })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(crypto.randomUUID())
    .setExpirationTime(Math.floor(Date.now() / 1000) - 1)
    .sign(new TextEncoder().encode(secrets.JWT_SECRET));
  for (const path of ["/api/auth/sessions/current", "/api/database/records/anything"]) {
    const response = await fetch(backend.baseUrl + path, {
      headers: { authorization: `Bearer ${expired}` },
    });
    assertEquals([response.status, (await response.json()).error], [401, "AUTH_UNAUTHORIZED"]);
  }
});

Deno.test("the key in the secrets and the published key verify access tokens", async () => {
  await using backend = await start();
  const { secrets } = backend.insforge;
  const { accessToken } = await signUp(backend, "keys@example.com");
  const publicKey = await jose.importSPKI(secrets.JWT_PUBLIC_KEY!, "RS256");
  const { protectedHeader } = await jose.jwtVerify(accessToken, publicKey);
  assertEquals(protectedHeader.kid, secrets.JWT_KEY_ID);
  const published = await fetch(`${backend.baseUrl}/.well-known/jwks.json`);
  const { payload } = await jose.jwtVerify(
    accessToken,
    jose.createLocalJWKSet(await published.json()),
  );
  assertEquals(payload.role, "authenticated");
});

Deno.test("keeps users, rows, objects and keys after a restart from the same folder", async () => {
  await using folder = await copyTemplate();
  const before = await restart(folder.path, async (backend) => {
    const { accessToken } = await signUp(backend, "stays@example.com");
    await createBucket(backend, "files");
    const client = createClient({ baseUrl: backend.baseUrl, accessToken });
    const upload = await client.storage.from("files").upload("a/b.txt", new Blob(["kept"]));
    assertEquals(upload.error, null);
    return { accessToken, secrets: backend.insforge.secrets };
  });
  await restart(folder.path, async (backend) => {
    assertEquals(backend.insforge.secrets, before.secrets);
    const client = createClient({ baseUrl: backend.baseUrl, accessToken: before.accessToken });
    const current = await client.auth.getCurrentUser();
    assertEquals(current.data.user?.email, "stays@example.com");
    const file = await client.storage.from("files").download("a/b.txt");
    assertEquals(await file.data?.text(), "kept");
    const rows = await backend.insforge.sql("select count(*) as count from support_tickets");
    assertEquals(rows, [{ count: 200 }]);
  });
});

Deno.test("a damaged file of keys is an error that says how to delete all data", async () => {
  await using folder = await copyTemplate();
  await Deno.writeTextFile(`${folder.path}/keys.json`, '{"privateKey": "---');
  await assertRejects(() => start({ dataDir: folder.path }), Error, "--fresh");
});

Deno.test("no object key leads out of the data folder", async () => {
  await using folder = await copyTemplate();
  await restart(folder.path, async (backend) => {
    await createBucket(backend, "files");
    for (const key of HOSTILE_KEYS) {
      const form = new FormData();
      form.append("file", new Blob(["x"]));
      const response = await fetch(
        `${backend.baseUrl}/api/storage/buckets/files/objects/${encodeURIComponent(key)}`,
        { method: "PUT", headers: { authorization: "Bearer ik_local" }, body: form },
      );
      await response.body?.cancel();
    }
  });
  const names = [...Deno.readDirSync(`${folder.path}/objects`)].map(({ name }) => name);
  assert(names.length > 0 && names.every((name) => /^[0-9a-f]{64}$/.test(name)));
  const folders = [...Deno.readDirSync(folder.path)].map(({ name }) => name).sort();
  assertEquals(folders, ["database", "keys.json", "objects"]);
});

const HOSTILE_KEYS = [
  "../../up.txt",
  "a\\..\\b",
  "%2e%2e%2fup.txt",
  "nul\u0000l",
  "C:\\x",
  "keys.json",
];

Deno.test("simultaneous requests each run as their own caller", async () => {
  await using backend = await start();
  await backend.insforge.sql(
    "create function whoami() returns text language sql stable as $$ select auth.email() $$",
  );
  const emails = Array.from({ length: 5 }, (_, index) => `user${index}@example.com`);
  const clients = await Promise.all(emails.map(async (email) => {
    const { accessToken } = await signUp(backend, email);
    return createClient({ baseUrl: backend.baseUrl, accessToken });
  }));
  const turns = Array.from({ length: 40 }, (_, index) => index % clients.length);
  const answers = await Promise.all(
    turns.map(async (turn) => (await clients[turn]!.database.rpc("whoami")).data),
  );
  assertEquals(answers, turns.map((turn) => emails[turn]));
});

Deno.test("hostile text in names and values stays text", async () => {
  await using backend = await start();
  await backend.insforge.sql(
    `create table notes (id int primary key, "strange ""name" text, meta jsonb);
     insert into notes values (1, 'one', '{"a": {"b''": 2}}')`,
  );
  const hostile = [
    "select=id&id=eq.1;drop table notes",
    "select=id,x:meta->'a'->>b&id=eq.1",
    "select=id&order=id;drop table notes",
    "select=id::text;drop table notes",
    "select=id%22%20from%20notes;drop%20table%20notes;--",
    "select=id&id=in.(1,2);drop table notes",
    "select=id&limit=1;drop table notes",
    "select=id&or=(id.eq.1,id.eq.2)));drop table notes",
    "select=*&%22strange%20%5C%22name%22=eq.one'%20or%20true--",
    "select=id&meta->a->>b'=eq.2",
    "columns=id);drop table notes&select=id",
    "select=id&id=constructor.1",
    "select=%22i%00d%22&%22a%00b%22=eq.1",
  ];
  for (const query of hostile) {
    const response = await fetch(`${backend.baseUrl}/api/database/records/notes?${query}`, {
      headers: {
        authorization: "Bearer ik_local",
        accept: "constructor, application/json",
        prefer: "constructor=1",
      },
    });
    assert(response.status < 500, `${query}: ${response.status}`);
    await response.body?.cancel();
  }
  assertEquals(await backend.insforge.sql("select id from notes"), [{ id: 1 }]);
});

Deno.test("reads the schema again after every change", async () => {
  await using backend = await start();
  const admin = createClient({ baseUrl: backend.baseUrl, accessToken: "ik_local" });
  await backend.insforge.sql("create table first (id int primary key)");
  assertEquals((await admin.database.from("first").insert([{ id: 1 }])).status, 201);
  const query = "create table second (id int primary key, first_id int references first)";
  const changed = await postAsAdmin(backend, "/api/database/advance/rawsql", { query });
  assertEquals(changed.rows, []);
  const { data } = await admin.database.from("first").select("id, second(id)");
  assertEquals(data, [{ id: 1, second: [] }]);
});

Deno.test("functions get the body as JSON, and their response is sent in one piece, for every origin", async () => {
  const seen: string[] = [];
  await using backend = await start({
    functions: async (slug, request) => {
      seen.push(`${slug} ${request.method} ${new URL(request.url).search} ${await request.text()}`);
      return new Response("data: 1\n\n", { headers: { "content-type": "text/event-stream" } });
    },
  });
  const json = await fetch(`${backend.baseUrl}/functions/chat?x=1`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{ "prompt" :  "hi" }',
  });
  assertEquals(await json.text(), "data: 1\n\n");
  assertEquals(json.headers.get("access-control-allow-origin"), "*");
  const text = await fetch(`${backend.baseUrl}/functions/chat`, { method: "POST", body: "plain" });
  await text.body?.cancel();
  assertEquals(seen, ['chat POST ?x=1 {"prompt":"hi"}', "chat POST  {}"]);
});

Deno.test("returns 502 with the message of a function that fails", async () => {
  await using backend = await start({ functions: () => Promise.reject(new Error("no runtime")) });
  const response = await fetch(`${backend.baseUrl}/functions/chat`);
  assertEquals([response.status, await response.json()], [502, { error: "no runtime" }]);
});

Deno.test("rejects a data folder with another schema version", async () => {
  await using folder = await copyTemplate();
  await restart(folder.path, async (backend) => {
    const response = await postAsAdmin(backend, "/api/database/advance/rawsql/unrestricted", {
      query: "update system.embedded set version = 0",
    });
    assertEquals(response.rowCount, 1);
  });
  await assertRejects(
    () => createEmbeddedInsForge({ baseUrl: () => "", dataDir: folder.path }),
    Error,
    "delete the folder",
  );
});

interface Backend extends AsyncDisposable {
  insforge: EmbeddedInsForge;
  baseUrl: string;
}

/** Serves a backend until it is disposed. By default it starts from a copy of the template. */
async function start(options: Partial<EmbeddedInsForgeOptions> = {}): Promise<Backend> {
  let baseUrl = "";
  await using started = new AsyncDisposableStack();
  const dataDir = options.dataDir ?? started.use(await copyTemplate()).path;
  const insforge = await createEmbeddedInsForge({
    ...{ anonKey: "anon_local", apiKey: "ik_local" },
    ...{ baseUrl: () => baseUrl, ...options, dataDir },
  });
  started.defer(() => insforge.close());
  const server = started.use(
    Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, insforge.handler),
  );
  baseUrl = `http://127.0.0.1:${server.addr.port}`;
  const running = started.move();
  return { insforge, baseUrl, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Starts a backend from `dataDir`, runs `work`, and closes it. */
async function restart<T>(dataDir: string, work: (backend: Backend) => Promise<T>): Promise<T> {
  await using backend = await start({ dataDir });
  return await work(backend);
}

async function copyTemplate(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir({ dir: ".local" });
  await cp(template, path, { recursive: true });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

async function signIn({ baseUrl }: Backend, email: string, password: string) {
  const session = createClient({ baseUrl, anonKey: "anon_local", isServerMode: true });
  const { data, error } = await session.auth.signInWithPassword({ email, password });
  assertEquals(error, null);
  const { accessToken, user } = data!;
  return { client: createClient({ baseUrl, accessToken }), userId: user.id };
}

async function signUp({ baseUrl }: Backend, email: string): Promise<{ accessToken: string }> {
  const session = createClient({ baseUrl, anonKey: "anon_local", isServerMode: true });
  const { data, error } = await session.auth.signUp({ email, password: "secret-enough" });
  assertEquals(error, null);
  return { accessToken: data!.accessToken! };
}

async function createBucket(backend: Backend, bucketName: string): Promise<void> {
  const made = await postAsAdmin(backend, "/api/storage/buckets", { bucketName, isPublic: false });
  assertEquals(made.bucketName, bucketName);
}

async function postAsAdmin(
  { baseUrl }: Backend,
  path: string,
  body: unknown,
): Promise<Record<string, unknown>> {
  const response = await fetch(baseUrl + path, {
    method: "POST",
    headers: { authorization: "Bearer ik_local", "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return await response.json();
}
