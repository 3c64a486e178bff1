/**
 * Only the project's API key reads or changes the ledger. What is tried is listed by the
 * database, so that no later table or function can be forgotten.
 */
import { createClient } from "@insforge/sdk";
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Sql } from "postgres";
import { DEMO_USERS } from "../../tools/local/insforge/demo.ts";
import { type Stack, startStack } from "../../tools/local/stack.ts";
import { createToken } from "../support/caller.ts";
import { migrate } from "../support/ledger.ts";
import { onServer, startPostgres } from "../support/postgres.ts";
import { getAccessToken } from "../support/session.ts";

const TABLES = `
  select c.relname::text as name, quote_ident(a.attname) as column
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum = 1
  where c.relnamespace = 'public'::regnamespace and c.relname like 'ai\\_%'
    and c.relkind in ('r', 'v', 'm', 'p', 'f')`;
const SEQUENCES = `
  select relname::text as name from pg_class
  where relnamespace = 'public'::regnamespace and relkind = 'S'`;
const ROUTINES = `
  select p.proname::text as name, p.proargnames as arguments,
         array(select format_type(t, null) from unnest(p.proargtypes) t) as types
  from pg_proc p where p.pronamespace = 'public'::regnamespace and p.proname like 'ai\\_%'`;

/** Tables of which users read their own rows, under row-level security. */
const OWN_ROWS = new Set(["ai_videos"]);

interface Table {
  name: string;
  column: string;
}
interface Routine {
  name: string;
  /** Those that come out are named, too, after those that go in. */
  arguments: string[] | null;
  types: string[];
}

Deno.test({ name: "roles of users are refused every table and routine", ...onServer }, async () => {
  await using server = await startPostgres();
  await migrate(server);
  const admin = server.connect("project_admin");
  const tables = [...await admin.unsafe<Table[]>(TABLES)];
  const routines = [...await admin.unsafe<Routine[]>(ROUTINES)];
  assert(tables.length >= 6 && routines.length >= 10);
  assertEquals([...await admin.unsafe(SEQUENCES)], [], "anon may use every new sequence");
  for (const text of [...tables.flatMap(toStatements), ...routines.map(toCall)]) {
    await admin.unsafe(`explain ${text}`); // right but for who asks
  }
  await admin.end();

  for (const role of ["anon", "authenticated"]) {
    const sql = server.connect(role);
    for (const table of tables) {
      const isReadable = role === "authenticated" && OWN_ROWS.has(table.name);
      for (const text of toStatements(table)) {
        if (isReadable && /^select .* from \w+$/.test(text)) await sql.unsafe(text);
        else await assertDenied(sql, text);
      }
    }
    for (const { name } of tables) await assertDenied(sql, `truncate ${name}`);
    for (const routine of routines) await assertDenied(sql, toCall(routine));
    await sql.end();
  }
});

function toStatements({ name, column }: Table): string[] {
  return [
    `select ${column} from ${name}`,
    `select count(*) from ${name}`,
    `insert into ${name} default values`,
    `update ${name} set ${column} = ${column}`,
    `delete from ${name}`,
    `select 1 from ${name} for update`,
  ];
}

function toCall({ name, types }: Routine): string {
  return `select ${name}(${types.map((type) => `null::${type}`)})`;
}

async function assertDenied(sql: Sql, text: string): Promise<void> {
  const error = await assertRejects(() => sql.unsafe(text), Error);
  assertEquals((error as Error & { code: string }).code, "42501", `${text}: ${error.message}`);
  // Not for what a function does: it may not even be called.
  assert(text.includes(/permission denied for \w+ (\w+)/.exec(error.message)![1]!), error.message);
}

Deno.test("callers of InsForge are refused every table and routine", async (t) => {
  await using stack = await startStack({ get: (name) => name.endsWith("PORT") ? "0" : undefined });
  const [demo] = DEMO_USERS;
  const token = await getAccessToken(stack, demo);
  const { sub } = JSON.parse(
    atob(token.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/")),
  );
  const sql = stack.insforge!.sql;
  await sql("insert into ai_user_keys (user_id, key) values ($1, 'sealed')", [sub]);
  await sql("select ai_reserve($1, 'chat', 'm', 1, 1, '{}', false)", [sub]);
  await sql(
    `select ai_settle(id, '[{"prompt_tokens": 1, "usd": 1, "final": true}]', null)
     from ai_reservations`,
  );
  await sql(
    `insert into ai_videos (id, user_id, slug, model, request, gateway_id, own_key, reservation, charge)
     values (gen_random_uuid(), 'another', 'video-gen', 'm', '{}', 'g', false, gen_random_uuid(), 0)`,
  );
  const tables = (await sql(TABLES)) as unknown as Table[];
  const routines = (await sql(ROUTINES)) as unknown as Routine[];
  const before = await dump(stack, tables);

  const attempts = [...tables.flatMap(toTableRequests), ...routines.map(toRpcRequest), ...ADMIN];
  const credentials: Record<string, string | undefined> = {
    "a user": `Bearer ${token}`,
    "the user who signed in second": `Bearer ${await getAccessToken(stack, DEMO_USERS[1])}`,
    "the anon key": `Bearer ${stack.insforge!.secrets.ANON_KEY}`,
    "a forged token": `Bearer ${await createToken({ sub })}`,
    "a token made an administrator's": `Bearer ${spoil(token, { role: "project_admin" })}`,
    "an expired token": `Bearer ${spoil(token, { exp: 1 })}`,
    "a wrong API key": "Bearer ik_wrong",
    "nothing": undefined,
  };
  for (const [whose, authorization] of Object.entries(credentials)) {
    await t.step(`with ${whose}`, async () => {
      for (const attempt of attempts) {
        const { status, text } = await send(stack, attempt, authorization);
        const what = `${attempt.method} ${attempt.path}: ${status} ${text}`;
        const isOwn = attempt.method === "GET" &&
          [...OWN_ROWS].some((name) => attempt.path.startsWith(`/api/database/records/${name}?`));
        assert(status === 401 || status === 403 || isOwn && text === "[]", what);
        assert(!text.includes("sealed") && !text.includes(sub), what);
      }
    });
  }

  await t.step("with InsForge's SDK", async () => {
    const client = createClient({ baseUrl: stack.insforgeUrl, accessToken: token });
    for (const { name } of tables) {
      const { data, error } = await client.database.from(name).select();
      const expected = OWN_ROWS.has(name) ? [[], undefined] : [null, "42501"];
      assertEquals([data, (error as { code?: string } | null)?.code], expected, name);
    }
    const settling = { reservation: crypto.randomUUID(), charges: [], reconciled: [] };
    const { error } = await client.database.rpc("ai_settle", settling);
    assertEquals((error as { code?: string } | null)?.code, "42501");
  });

  await t.step("and nothing has changed", async () => {
    assertEquals(await dump(stack, tables), before);
  });

  await t.step("while the API key is let through", async () => {
    for (const attempt of tables.map((table) => toTableRequests(table)[0])) {
      assertEquals(
        (await send(stack, attempt!, `Bearer ${stack.insforge!.secrets.API_KEY}`)).status,
        200,
      );
    }
  });
});

interface Attempt {
  method: string;
  path: string;
  body?: unknown;
}

const ADMIN: Attempt[] = [
  ["/api/database/advance/rawsql", { query: "select * from ai_user_keys" }],
  ["/api/database/advance/rawsql/unrestricted", { query: "select * from ai_user_keys" }],
  ["/api/database/migrations", {
    version: "9",
    name: "open",
    sql: "grant all on ai_prices to anon",
  }],
].map(([path, body]) => ({ method: "POST", path: path as string, body }));

function toTableRequests({ name, column }: Table): Attempt[] {
  const path = `/api/database/records/${name}`;
  return [
    { method: "GET", path: `${path}?select=*` },
    { method: "GET", path: `${path}?select=${column}&${column}=not.is.null&limit=1` },
    { method: "POST", path, body: [{ [column]: crypto.randomUUID() }] },
    { method: "PATCH", path: `${path}?${column}=not.is.null`, body: { [column]: null } },
    { method: "DELETE", path: `${path}?${column}=not.is.null` },
  ];
}

function toRpcRequest({ name, arguments: names, types }: Routine): Attempt {
  const given = (names ?? []).slice(0, types.length);
  const body = Object.fromEntries(given.map((argument) => [argument, null]));
  return { method: "POST", path: `/api/database/rpc/${name}`, body };
}

async function send(
  { insforgeUrl }: Stack,
  { method, path, body }: Attempt,
  authorization?: string,
) {
  const headers = new Headers({ "Content-Type": "application/json" });
  if (authorization) headers.set("Authorization", authorization);
  const init = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };
  const response = await fetch(insforgeUrl + path, init);
  return { status: response.status, text: await response.text() };
}

async function dump({ insforge }: Stack, tables: Table[]): Promise<Record<string, unknown>[]> {
  const texts = tables.map(({ name }) =>
    `select '${name}' as of, to_jsonb(t) as row from ${name} t`
  );
  return await insforge!.sql(`${texts.join(" union all ")} order by 1, 2`);
}

/** A token that says something else, under the signature it had. */
function spoil(token: string, claims: Record<string, unknown>): string {
  const [header, payload, signature] = token.split(".");
  const said = JSON.parse(atob(payload!.replaceAll("-", "+").replaceAll("_", "/")));
  const spoilt = btoa(JSON.stringify({ ...said, ...claims }));
  return [header, spoilt.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, ""), signature]
    .join(".");
}
