-- What an empty InsForge project contains: the three roles, the functions that policies call, accounts
-- and storage. Works on PostgreSQL 15 and later, with pgvector 0.7 and later.

create extension if not exists vector;

create role anon nologin;
create role authenticated nologin;
create role project_admin nologin bypassrls;

create schema auth;
create schema storage;
create schema system;

-- The signed-in caller, from the setting request.jwt.claims of each request.

create function auth.jwt() returns jsonb language sql stable as $$
  select nullif(current_setting('request.jwt.claims', true), '')::jsonb
$$;

create function auth.uid() returns uuid language sql stable as $$
  select nullif(auth.jwt() ->> 'sub', '')::uuid
$$;

create function auth.role() returns text language sql stable as $$
  select nullif(auth.jwt() ->> 'role', '')
$$;

create function auth.email() returns text language sql stable as $$
  select nullif(auth.jwt() ->> 'email', '')
$$;

create table auth.users (
  id uuid primary key default gen_random_uuid(),
  email text not null unique,
  password text,
  email_verified boolean not null default false,
  profile jsonb not null default '{}',
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table storage.buckets (
  name text primary key,
  public boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table storage.objects (
  bucket text not null references storage.buckets (name) on delete cascade,
  key text not null,
  size bigint not null,
  mime_type text,
  uploaded_at timestamptz not null default now(),
  uploaded_by text,
  uploaded_via text not null default 'rest',
  s3_access_key_id uuid,
  etag text,
  primary key (bucket, key)
);

create index objects_uploaded_by_idx on storage.objects (uploaded_by);

create function storage.foldername(name text) returns text[] language sql immutable as $$
  select (string_to_array(name, '/'))[1 : cardinality(string_to_array(name, '/')) - 1]
$$;

create function storage.filename(name text) returns text language sql immutable as $$
  select (string_to_array(name, '/'))[cardinality(string_to_array(name, '/'))]
$$;

create function storage.extension(name text) returns text language sql immutable as $$
  select (regexp_match(name, '\.([^./\\]+)$'))[1]
$$;

create function system.update_updated_at() returns trigger language plpgsql as $$
begin
  new.updated_at = now();
  return new;
end
$$;

-- Makes project_admin the owner of everything in public, as InsForge does after every unrestricted
-- statement, so that project_admin may change it later.
create function system.hand_over_public() returns void language plpgsql as $$
declare
  statement text;
begin
  for statement in
    select format(
      'alter %s public.%I owner to project_admin',
      case c.relkind when 'v' then 'view' when 'm' then 'materialized view'
        when 'S' then 'sequence' when 'f' then 'foreign table' else 'table' end,
      c.relname
    )
    from pg_class c
    where c.relnamespace = 'public'::regnamespace
      and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
      and c.relowner <> 'project_admin'::regrole
      and not exists (
        select from pg_depend d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid
          and (d.deptype = 'e' or c.relkind = 'S' and d.deptype in ('a', 'i'))
      )
    union all
    select format(
      'alter routine public.%I(%s) owner to project_admin',
      p.proname, pg_get_function_identity_arguments(p.oid)
    )
    from pg_proc p
    where p.pronamespace = 'public'::regnamespace
      and p.proowner <> 'project_admin'::regrole
      and not exists (
        select from pg_depend d
        where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
      )
    union all
    select format('alter type public.%I owner to project_admin', t.typname)
    from pg_type t
    where t.typnamespace = 'public'::regnamespace
      and t.typtype in ('e', 'd', 'r')
      and t.typowner <> 'project_admin'::regrole
      and not exists (
        select from pg_depend d
        where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e'
      )
  loop
    execute statement;
  end loop;
end
$$;

-- The schema public belongs to the app: every role may use its tables, row-level security decides.

grant usage on schema public to anon, authenticated;
grant all on schema public to project_admin;
alter default privileges in schema public
  grant select, insert, update, delete on tables to anon, authenticated;
alter default privileges in schema public
  grant usage, select on sequences to anon, authenticated;
alter default privileges in schema public grant all on tables to project_admin;
alter default privileges in schema public grant all on sequences to project_admin;
alter default privileges for role project_admin in schema public
  grant select, insert, update, delete on tables to anon, authenticated;
alter default privileges for role project_admin in schema public
  grant usage, select on sequences to anon, authenticated;

-- Accounts are accessible only through the API. Policies may call the functions above.

grant usage on schema auth to anon, authenticated, project_admin;
grant select, insert, update, delete, references, trigger on auth.users to project_admin;
grant usage on schema system to project_admin;

-- Objects: signed-in users may use all of them until an app enables row-level security. anon may not.

grant usage on schema storage to authenticated, project_admin;
grant select, insert, update, delete on storage.objects to authenticated;
alter table storage.buckets owner to project_admin;
alter table storage.objects owner to project_admin;

create table system.embedded (version integer not null);
insert into system.embedded values (1);
