-- Search over the app's own tables, for ask-records. `insforge-ai index <table>` writes the migration
-- that gives a table an index: the table <table>_search, with one entry for each row. An entry holds
-- the row's text, the vector of this text, and its place in the queue. It is kept apart from the
-- app's table, so that reading a table does not return vectors, and writing a vector does not touch
-- the row.
--
-- What begins with ai_ needs the project's API key. What begins with search_ is for users: it runs
-- with the rights of its caller, so row-level security of the app's table decides.

create table ai_search_indexes (
  table_name text primary key,
  columns text[] not null,
  -- All vectors of an index are made by this model, and so are those of questions.
  model text not null,
  dimensions integer not null,
  -- Fields of each request for vectors, such as {"dimensions": 256}.
  params jsonb not null,
  -- The text search configuration, such as english.
  language text not null,
  created_at timestamptz not null default now()
);

alter table ai_search_indexes enable row level security;
revoke all on ai_search_indexes from public, anon, authenticated;

-- Registers an index, or changes its columns. Vectors of two models cannot be compared, so another
-- model is refused while the index exists.
create function ai_search_register(
  table_name text, columns text[], model text, dimensions integer, params jsonb, language text
) returns void language plpgsql set search_path = pg_catalog, public, pg_temp as $$
#variable_conflict use_variable
declare
  known ai_search_indexes;
begin
  select i.* into known from ai_search_indexes i where i.table_name = ai_search_register.table_name;
  if found and (known.model, known.dimensions, known.params, known.language)
    is distinct from (model, dimensions, params, language)
  then
    raise exception 'The search index of "%" is made with %, % dimensions, % and "%"; it cannot be changed to %, % dimensions, % and "%"',
      table_name, known.model, known.dimensions, known.params, known.language,
      model, dimensions, params, language
      using errcode = 'object_not_in_prerequisite_state',
        hint = format('To make all vectors again, run first: select ai_search_drop(%L)', table_name);
  end if;
  if known is null and to_regclass(format('public.%I', table_name || '_search')) is not null then
    raise exception 'The name "%_search" belongs to another table', table_name
      using errcode = 'duplicate_table';
  end if;
  insert into ai_search_indexes as i values (table_name, columns, model, dimensions, params, language)
  on conflict on constraint ai_search_indexes_pkey do update set columns = excluded.columns;
end
$$;

-- Removes the index of a table with its triggers. The rows of the table stay as they are.
create function ai_search_drop(table_name text) returns void
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
  delete from ai_search_indexes i where i.table_name = ai_search_drop.table_name;
  if not found then
    raise exception 'The table "%" has no search index', table_name using errcode = 'undefined_table';
  end if;
  execute format($sql$
    drop trigger if exists search_sync on %1$I;
    drop trigger if exists search_sync_truncate on %1$I;
    drop function if exists %2$I();
    drop function if exists %3$I(vector, integer, double precision, text);
    drop function if exists %3$I(halfvec, integer, double precision, text);
    drop table if exists %4$I;
  $sql$, table_name, table_name || '_search_sync', 'match_' || table_name, table_name || '_search');
end
$$;

-- Takes due entries off the queues for two minutes: another run does not get them meanwhile, and gets
-- them when this run has died. One object for each index that has some.
create function ai_search_claim(
  max integer, only_table text default null, only_ids text[] default null
) returns setof jsonb language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  known ai_search_indexes;
  entries jsonb;
  room integer := max;
begin
  -- In any order, so that a long queue does not hold up the others.
  for known in
    select * from ai_search_indexes i
    where only_table is null or i.table_name = only_table order by random()
  loop
    exit when room <= 0;
    execute format($sql$
      with due as (
        select id from %1$I
        where due_at <= now() and ($2 is null or id::text = any ($2))
        order by due_at limit $1 for update skip locked
      ), claimed as (
        update %1$I i set due_at = now() + interval '2 minutes' from due where i.id = due.id
        returning i.id, i.version, i.content
      )
      select jsonb_agg(jsonb_build_object(
        'id', id::text, 'version', version, 'text', left(content, 6000)
      )) from claimed
    $sql$, known.table_name || '_search') into entries using room, only_ids;
    continue when entries is null;
    room := room - jsonb_array_length(entries);
    return next jsonb_build_object(
      'table', known.table_name, 'model', known.model, 'dimensions', known.dimensions,
      'params', known.params, 'entries', entries
    );
  end loop;
end
$$;

-- Stores vectors: [{ id, version, embedding }]. The version tells whether the text is still the one
-- that was claimed; a vector of an older text is dropped.
create function ai_search_save(table_name text, model text, entries jsonb) returns integer
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
#variable_conflict use_column
declare
  saved integer;
begin
  perform from ai_search_indexes i
  where i.table_name = ai_search_save.table_name and i.model = ai_search_save.model;
  if not found then
    raise exception 'The search index of "%" has no vectors of the model "%"',
      ai_search_save.table_name, ai_search_save.model using errcode = 'invalid_parameter_value';
  end if;
  execute format($sql$
    update %1$I i
    set embedding = e.embedding, due_at = null, failures = 0, error = null
    from jsonb_populate_recordset(null::%1$I, $1) e
    where i.id = e.id and i.version = e.version
  $sql$, ai_search_save.table_name || '_search') using entries;
  get diagnostics saved = row_count;
  return saved;
end
$$;

-- Puts claimed entries off, longer each time. With an error they are not tried again until their text
-- changes: the model has refused the text itself.
create function ai_search_postpone(table_name text, entries jsonb, error text default null)
returns void language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
  execute format($sql$
    update %1$I i
    set failures = i.failures + 1, error = $2, due_at = case when $2 is null
      then now() + least(interval '1 hour', interval '30 seconds' * 2 ^ least(i.failures, 10)) end
    from jsonb_populate_recordset(null::%1$I, $1) e
    where i.id = e.id and i.version = e.version
  $sql$, table_name || '_search') using entries, error;
end
$$;

-- How many entries wait for their vector, and how many were refused by the model.
create function ai_search_state() returns jsonb
language plpgsql stable set search_path = pg_catalog, public, pg_temp as $$
declare
  index_table text;
  counted record;
  waiting bigint := 0;
  refused bigint := 0;
begin
  for index_table in select table_name || '_search' from ai_search_indexes loop
    execute format($sql$
      select (select count(*) from %1$I where due_at is not null) as waiting,
             (select count(*) from %1$I where error is not null) as refused
    $sql$, index_table) into counted;
    waiting := waiting + counted.waiting;
    refused := refused + counted.refused;
  end loop;
  return jsonb_build_object('waiting', waiting, 'refused', refused);
end
$$;

revoke execute on function
  ai_search_register, ai_search_drop, ai_search_claim, ai_search_save, ai_search_postpone, ai_search_state
  from public, anon, authenticated;

-- How questions about a table are turned into vectors; null for a table without an index. This alone
-- runs with the owner's rights: it says nothing about rows.
create function search_index(table_name text) returns jsonb
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
  select to_jsonb(i) from ai_search_indexes i where i.table_name = search_index.table_name
$$;

-- The ids of entries that wait for their vector, of rows that the caller may read.
create function search_pending(table_name text, max integer) returns jsonb
language plpgsql stable set search_path = pg_catalog, public, pg_temp as $$
declare
  pending jsonb;
begin
  execute format($sql$
    select coalesce(jsonb_agg(id::text), '[]')
    from (select id from %I where due_at <= now() order by due_at limit $1) due
  $sql$, table_name || '_search') into pending using max;
  return pending;
end
$$;

-- Conditions as SQL about the table t: [{ column, op, value }] with PostgREST's operators. It runs as
-- its caller, and quotes every name and value.
create function search_conditions(filters jsonb) returns text
language plpgsql immutable set search_path = pg_catalog, public, pg_temp as $$
declare
  filter jsonb;
  value jsonb;
  literal text;
  sql text := 'true';
begin
  for filter in select jsonb_array_elements(coalesce(filters, '[]')) loop
    value := filter -> 'value';
    literal := case jsonb_typeof(value)
      when 'array' then array(select jsonb_array_elements_text(value))::text
      else value #>> '{}'
    end;
    sql := sql || format(
      case filter ->> 'op'
        when 'eq' then ' and t.%I = %L'
        when 'neq' then ' and t.%I <> %L'
        when 'gt' then ' and t.%I > %L'
        when 'gte' then ' and t.%I >= %L'
        when 'lt' then ' and t.%I < %L'
        when 'lte' then ' and t.%I <= %L'
        when 'like' then ' and t.%I like %L'
        when 'ilike' then ' and t.%I ilike %L'
        when 'in' then ' and t.%I = any (%L)'
        when 'contains' then ' and t.%I @> %L'
        when 'contained_by' then ' and t.%I <@ %L'
        when 'overlaps' then ' and t.%I && %L'
        when 'is' then ' and t.%I is ' || case literal
          when 'true' then 'true' when 'false' then 'false' else 'null' end
        when 'is_not' then ' and t.%I is not ' || case literal
          when 'true' then 'true' when 'false' then 'false' else 'null' end
      end,
      filter ->> 'column',
      -- As in PostgREST, a pattern may have * for %.
      case when filter ->> 'op' in ('like', 'ilike') then replace(literal, '*', '%') else literal end
    );
  end loop;
  return sql;
end
$$;

-- The rows that answer a question best, of those that the caller may read and the filters let pass.
-- Two lists are merged by reciprocal rank fusion: the rows whose vectors are nearest, and the rows
-- that have most words of the question. A row counts when its similarity reaches the threshold or when it
-- has all words of the question. Text, vector and row come from one statement, so they agree.
create function search_rows(
  table_name text,
  query_embedding real[],
  query_text text,
  match_count integer default 8,
  match_threshold double precision default 0.3,
  columns text[] default null,
  filters jsonb default '[]'
) returns table (id jsonb, similarity double precision, excerpt text, record jsonb)
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  index jsonb := search_index(table_name);
  every_word tsquery := plainto_tsquery((index ->> 'language')::regconfig, query_text);
  any_word tsquery := regexp_replace(every_word::text, ''' (&|<->) ''', ''' | ''', 'g')::tsquery;
  words text[] := tsvector_to_array(to_tsvector((index ->> 'language')::regconfig, query_text));
  vector_type text := case when (index ->> 'dimensions')::integer > 2000 then 'halfvec' else 'vector' end;
begin
  if index is null then
    raise exception 'The table "%" has no search index', table_name using errcode = 'undefined_table';
  end if;
  -- How many neighbours the vector index returns at most. It knows no rights: rows that the caller may
  -- not read are among them. (A clause of the function would need a superuser.)
  set local hnsw.ef_search = 200;
  return query execute format($sql$
    with nearest as materialized (
      select i.id, i.embedding <=> $1::%3$s as distance from %1$I i
      where i.embedding is not null
      order by i.embedding <=> $1::%3$s limit 200
    ),
    by_index as materialized (
      select n.id, n.distance from nearest n join %2$I t on t.id = n.id
      where %4$s order by n.distance limit $6
    ),
    -- Among few rows of the caller the vector index finds hardly any: then each of them is compared.
    -- Without an order here, because an order would use that index again.
    one_by_one as materialized (
      select i.id, i.embedding <=> $1::%3$s as distance
      from %2$I t join %1$I i on i.id = t.id
      where (select count(*) from by_index) < $6 and i.embedding is not null and %4$s
    ),
    by_vector as (
      select id, row_number() over (order by distance) as place from (
        select * from by_index where (select count(*) from by_index) = $6
        union all
        select * from one_by_one
      ) as found
      order by distance limit $6
    ),
    by_words as (
      select id, row_number() over (order by words desc, rank desc, id) as place from (
        select i.id, ts_rank_cd(i.search, $3) as rank, (
          select count(*) from unnest(tsvector_to_array(i.search)) as word where word = any ($8)
        ) as words
        from %2$I t join %1$I i on i.id = t.id
        where i.search @@ $3 and %4$s
      ) as found
      -- Rows with a few words of the question only would push the nearest rows back.
      where words * 2 > cardinality($8)
      order by words desc, rank desc, id limit $6
    ),
    merged as (
      select id, coalesce(1.0 / (60 + v.place), 0) + coalesce(1.0 / (60 + w.place), 0) as score
      from by_vector v full join by_words w using (id)
    ),
    found as (
      select m.id, m.score, i.content, i.search @@ $2 as has_every_word,
             nullif(1 - (i.embedding <=> $1::%3$s), 'NaN') as similarity
      from merged m join %1$I i on i.id = m.id
    )
    select to_jsonb(f.id), f.similarity,
           case when length(f.content) <= 400 then f.content else ts_headline(
             $7, f.content, $3, 'StartSel="", StopSel="", MaxFragments=1, MaxWords=60, MinWords=30'
           ) end,
           (select to_jsonb(r) from (select %5$s) r)
    from found f join %2$I t on t.id = f.id
    where f.similarity >= $4 or f.has_every_word
    order by f.score desc, f.id limit $5
  $sql$,
    table_name || '_search', table_name, vector_type, search_conditions(filters),
    coalesce((select string_agg(format('t.%I', name), ', ') from unnest(columns) as name), 't.*')
  ) using query_embedding, every_word, any_word, match_threshold, match_count,
    greatest(40, 4 * match_count), (index ->> 'language')::regconfig, words;
end
$$;
