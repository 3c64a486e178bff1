/** Writes the migration that gives a table of an app a search index for `ask-records`. */

/** What to index, and how. */
export interface IndexRequest {
  /** A table of the schema `public`. */
  table: string;
  /** The columns whose text is searched, in the order in which a person would read them. */
  columns: string[];
  /** The primary key; `id` unless given. */
  id?: string;
  /** An embedding model of OpenRouter; `openai/text-embedding-3-small` unless given. */
  model?: string;
  /** The length of the vectors. It may be left out for the models of {@link MODELS}. */
  dimensions?: number;
  /** The text search configuration; `english` unless given, `simple` for mixed languages. */
  language?: string;
}

/** A request that cannot be honoured. The message says what to change. */
export class IndexRefusal extends Error {}

interface EmbeddingModel {
  dimensions: number;
  /** Whether it makes shorter vectors on request. */
  canShorten: boolean;
}

/** The default model. */
export const DEFAULT_MODEL = "openai/text-embedding-3-small";

/** Models whose vectors have a known length. */
const MODELS = new Map<string, EmbeddingModel>([
  [DEFAULT_MODEL, { dimensions: 1_536, canShorten: true }],
  ["openai/text-embedding-3-large", { dimensions: 3_072, canShorten: true }],
  ["openai/text-embedding-ada-002", { dimensions: 1_536, canShorten: false }],
  ["google/gemini-embedding-001", { dimensions: 3_072, canShorten: true }],
  ["mistralai/mistral-embed-2312", { dimensions: 1_024, canShorten: false }],
]);

/** pgvector's HNSW index accepts at most so many dimensions of type `vector`. */
const MAX_VECTOR = 2_000;
/** And so many of type `halfvec`, whose numbers have 16 bits. */
const MAX_HALFVEC = 4_000;
/** PostgreSQL rejects a `tsvector` above 1 MB, and with it the app's own row. */
const MAX_WORDS_CHARS = 200_000;
/** PostgreSQL cuts names of more bytes; the longest name made here adds 17. */
const MAX_NAME_BYTES = 46;

/**
 * Returns the SQL of the migration. It may be applied again, for example with other columns: it
 * changes what differs, and queues the rows whose text is another one. It never changes rows of the
 * table, and it refuses to mix the vectors of two models.
 *
 * @throws {IndexRefusal} for a name that cannot be used, and for dimensions that cannot be indexed.
 */
export function createIndexMigration(request: IndexRequest): string {
  const { table, columns, id = "id", model = DEFAULT_MODEL, language = "english" } = request;
  requireName(table, "table");
  requireName(id, "id");
  if (columns.length === 0) throw new IndexRefusal("At least one column must be given");
  for (const column of columns) requireName(column, "column");
  if (!/^[a-z_]+$/.test(language)) {
    throw new IndexRefusal(`"${language}" must be a text search configuration, such as english`);
  }
  const { dimensions, params } = chooseDimensions(model, request.dimensions);
  return toSql({ table, columns, id, model, language, dimensions, params });
}

function requireName(name: string, field: string): void {
  const bytes = new TextEncoder().encode(name).length;
  if (bytes > 0 && bytes <= MAX_NAME_BYTES && !/["\p{Cc}]/u.test(name)) return;
  throw new IndexRefusal(
    `The ${field} "${name}" must have 1 to ${MAX_NAME_BYTES} bytes, and neither quotes nor control characters`,
  );
}

function chooseDimensions(
  model: string,
  wanted?: number,
): { dimensions: number; params: { dimensions?: number } } {
  const known = MODELS.get(model);
  const dimensions = wanted ?? known?.dimensions;
  if (dimensions === undefined) {
    throw new IndexRefusal(`The dimensions of "${model}" must be given: its vectors' length`);
  }
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > MAX_HALFVEC) {
    throw new IndexRefusal(`The dimensions must be 1 to ${MAX_HALFVEC}, which HNSW can index`);
  }
  if (!known || dimensions === known.dimensions) return { dimensions, params: {} };
  if (!known.canShorten || dimensions > known.dimensions) {
    throw new IndexRefusal(`The vectors of "${model}" have ${known.dimensions} dimensions`);
  }
  return { dimensions, params: { dimensions } };
}

interface Plan extends Required<Omit<IndexRequest, "dimensions">> {
  dimensions: number;
  params: object;
}

function toSql({ table, columns, id, model, language, dimensions, params }: Plan): string {
  const t = quoteName(table);
  const key = quoteName(id);
  const index = quoteName(`${table}_search`);
  const sync = quoteName(`${table}_search_sync`);
  const match = quoteName(`match_${table}`);
  const name = (suffix: string) => quoteName(`${table}_search_${suffix}`);
  const text = (row: string) =>
    `concat_ws(E'\\n', ${columns.map((column) => `${row}.${quoteName(column)}::text`).join(", ")})`;
  const type = dimensions > MAX_VECTOR ? "halfvec" : "vector";
  const list = columns.map(quoteText).join(", ");
  const halfvec = type === "vector" ? "" : `
-- halfvec, numbers of 16 bits: an HNSW index of type vector ends at ${MAX_VECTOR} dimensions.`;
  return `\
-- The search index of ${table}, for ask-records. It needs the migration ai-search, which deploying the
-- functions applies. It may be applied again.

select ai_search_register(
  ${quoteText(table)}, array[${list}], ${quoteText(model)}, ${dimensions},
  ${quoteText(JSON.stringify(params))}, ${quoteText(language)}
);

-- One entry for each row: its text, the vector of the text, and its place in the queue. An entry with
-- due_at waits for its vector; one with an error was refused by the model.${halfvec}
create table if not exists ${index} as select ${key} as id from ${t} with no data;
alter table ${index}
  alter column id set not null,
  add column if not exists content text not null,
  add column if not exists search tsvector
    generated always as (to_tsvector(${
    quoteText(language)
  }, left(content, ${MAX_WORDS_CHARS}))) stored,
  add column if not exists embedding ${type}(${dimensions}),
  add column if not exists version uuid not null default gen_random_uuid(),
  add column if not exists failures integer not null default 0,
  add column if not exists error text,
  add column if not exists due_at timestamptz;
create unique index if not exists ${name("id")} on ${index} (id);
create index if not exists ${name("embedding")} on ${index}
  using hnsw (embedding ${type}_cosine_ops);
create index if not exists ${name("words")} on ${index} using gin (search);
create index if not exists ${name("due")} on ${index} (due_at) where due_at is not null;
create index if not exists ${name("error")} on ${index} (id) where error is not null;

-- An entry may be read by those who may read the row and these columns, and only while it has the
-- row's present text.
alter table ${index} enable row level security;
revoke all on ${index} from public, anon, authenticated;
grant select on ${index} to anon, authenticated;
drop policy if exists search_read on ${index};
-- (A comparison looks one row up. With "exists" every search would first read all rows of the table.)
create policy search_read on ${index} for select using (
  content = (select ${text("t")} from ${t} t where t.${key} = ${index}.id)
);

-- Queues a row when it is inserted or its text changes. Its vector of the older text is removed.
create or replace function ${sync}() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  present text;
begin
  if tg_op = 'TRUNCATE' then
    delete from ${index};
    return null;
  end if;
  if tg_op = 'DELETE' or tg_op = 'UPDATE' and old.${key} is distinct from new.${key} then
    delete from ${index} where id = old.${key};
  end if;
  if tg_op <> 'DELETE' then
    present := ${text("new")};
    insert into ${index} as i (id, content, due_at)
    values (new.${key}, present, case when present ~ '\\S' then now() end)
    on conflict (id) do update
    set content = excluded.content, due_at = excluded.due_at, embedding = null,
        version = gen_random_uuid(), failures = 0, error = null
    where i.content <> excluded.content;
  end if;
  return null;
end
$$;
create or replace trigger search_sync after insert or update or delete on ${t}
  for each row execute function ${sync}();
create or replace trigger search_sync_truncate after truncate on ${t}
  for each statement execute function ${sync}();

-- Queues the rows that exist already, and tries refused ones again.
insert into ${index} as i (id, content, due_at)
select t.${key}, ${text("t")}, case when ${text("t")} ~ '\\S' then now() end
from ${t} t
on conflict (id) do update
set content = excluded.content, due_at = excluded.due_at, embedding = null,
    version = gen_random_uuid(), failures = 0, error = null
where i.content <> excluded.content;
update ${index} set due_at = now(), failures = 0, error = null where error is not null;

-- The same search for the app's own code and for "function" of ask-records. Row-level security applies.
create or replace function ${match}(
  query_embedding ${type}(${dimensions}),
  match_count integer default 8,
  match_threshold double precision default 0.3,
  query_text text default ''
) returns table (id jsonb, similarity double precision, excerpt text, record jsonb)
language sql security invoker set search_path = pg_catalog, public, pg_temp as $$
  select * from search_rows(
    ${quoteText(table)}, query_embedding::real[], query_text, match_count, match_threshold
  )
$$;
`;
}

function quoteName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.has(name) ? name : `"${name}"`;
}

/** Words that SQL does not accept as a name without quotes, as far as tables and columns have them. */
const RESERVED = new Set(
  ("all analyse analyze and any array as asc both case cast check collate column constraint create " +
    "default desc distinct do else end except false for foreign from grant group having in " +
    "initially intersect into leading limit not null offset on only or order placing primary " +
    "references returning select some table then to trailing true union unique user using " +
    "variadic when where window with").split(" "),
);

function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
