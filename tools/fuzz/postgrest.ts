/** The target for the embedded InsForge's dialect of PostgREST: queries and rows of any form. */
import fc from "fast-check";
import { createEmbeddedInsForge, type EmbeddedInsForge } from "../local/insforge/mod.ts";
import { hostileValue, spoilt, spoiltText } from "./hostile_values.ts";
import { createTarget, type Target } from "./target.ts";

/** A text of a row that the caller may not read. */
const HIDDEN = "canary row of another user";
const SCHEMA = `
create table notes (
  id int primary key, title text, "odd ""name" text, at timestamptz default now(), tags text[],
  meta jsonb, owner text default 'me');
create table items (id int primary key, note int references notes (id), amount numeric);
insert into notes values (1, 'mine', 'x', now(), '{a}', '{"a": [1]}', 'me'),
  (2, '${HIDDEN}', '${HIDDEN}', now(), array['${HIDDEN}'], '{"a": "${HIDDEN}"}', 'other');
insert into items values (1, 1, 2.5), (2, 2, 7);
alter table notes enable row level security;
create policy own on notes using (owner = 'me') with check (owner = 'me');
grant select, insert, update, delete on notes, items to anon, authenticated;
create function add(a int, b int) returns int language sql as $$ select a + b $$;
`;

const TOKENS = [
  ..."()[]{},.:*!\"'\\->%= ;\0\n$_😀&".split(""),
  ...["select", "order", "or", "and", "not", "limit", "offset", "columns", "on_conflict", "eq"],
  ...["in", "is", "fts", "like", "cs", "ov", "id", "title", "meta", "tags", "items", "notes"],
  ...["note", "a.b", "->", "->>", "::text", "::", "(any)", "(*)", "null", "1", "-1", "1e9"],
  ...["asc", "desc", "nullsfirst", "!inner", "...items", "count", "sum()", "' or 1=1 --"],
];
const GOOD = [
  "select=id,title,items(id,amount)&order=id.desc.nullslast",
  "select=*,items!inner(*)&id=in.(1,2)&limit=1&offset=0",
  "select=when:at::text,meta->a->>0&meta->>a=is.null",
  "or=(id.eq.1,and(title.like.*m*,tags.cs.{a}))",
  "select=...items(amount)&note=eq.1",
  "items.amount=gt.1&items.order=id&select=items(*)",
  "on_conflict=id&columns=id,title",
];
const ROW = { id: 3, title: "new", tags: ["a"], meta: { a: 1 }, owner: "me" };

const noise = fc.array(fc.constantFrom(...TOKENS), { maxLength: 10 }).map((list) => list.join(""));
const query = fc.oneof(
  fc.constantFrom(...GOOD),
  fc.tuple(fc.constantFrom(...GOOD), fc.nat(80), noise).map(([text, at, noise]) =>
    text.slice(0, at) + noise + text.slice(at)
  ),
  fc.array(
    fc.tuple(fc.constantFrom("select", "id", "order", "or", "not.and", "limit", ""), noise),
    {
      maxLength: 4,
    },
  ).map((list) => new URLSearchParams(list).toString()),
);
const request = fc.record({
  method: fc.constantFrom("GET", "GET", "GET", "HEAD", "POST", "PATCH", "DELETE"),
  path: fc.constantFrom(
    "records/notes",
    "records/notes",
    "records/items",
    "records/none",
    "rpc/add",
  ),
  query,
  body: spoiltText(fc.oneof(spoilt([[ROW], ROW, { a: 1, b: 2 }], 2), hostileValue)),
  prefer: fc.constantFrom(
    ...["return=representation", "count=exact", "resolution=merge-duplicates", ""],
    ...["count=planned,return=minimal", "missing=default,return=representation", "x=\0"],
  ),
  accept: fc.constantFrom("application/json", "application/vnd.pgrst.object+json", "text/csv", ""),
});

/** Starts an embedded InsForge with two tables. Its disposal closes it. */
export async function createPostgrestTarget(): Promise<Target & AsyncDisposable> {
  const backend = await createEmbeddedInsForge({ baseUrl: () => "http://insforge.test" });
  await backend.sql(SCHEMA);
  return {
    ...createTarget("postgrest", request, (one) => send(one, backend)),
    [Symbol.asyncDispose]: () => backend.close(),
  };
}

type Sent = typeof request extends fc.Arbitrary<infer T> ? T : never;

async function send(one: Sent, { handler, secrets }: EmbeddedInsForge): Promise<void> {
  const { method, path, query, body, prefer, accept } = one;
  const headers = new Headers({ "Content-Type": "application/json" });
  headers.set("Authorization", `Bearer ${secrets.ANON_KEY}`);
  for (const [name, value] of Object.entries({ prefer, accept })) {
    if (value && !value.includes("\0")) headers.set(name, value);
  }
  const hasBody = method === "POST" || method === "PATCH";
  const url = new URL(`http://insforge.test/api/database/${path}`);
  url.search = query;
  const response = await handler(
    new Request(url, { method, headers, body: hasBody ? body : undefined }),
  );
  const text = await response.text();
  const shown = `${response.status} ${text.slice(0, 600)}`;
  if (response.status >= 500) throw new Error(`The dialect fails: ${shown}`);
  if (text.includes(HIDDEN)) throw new Error(`Another user's row is shown: ${shown}`);
  // A syntax error of PostgreSQL means that text of the request became SQL. The names of types do so
  // in PostgREST, too, which accepts nothing but words there.
  if (!query.includes("::") && /"code":"42601"|syntax error/.test(text)) {
    throw new Error(`The SQL is broken: ${shown}`);
  }
}
