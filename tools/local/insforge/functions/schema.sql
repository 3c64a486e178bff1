-- Functions, secrets and migrations of a project. Runs at every start, because older data folders do
-- not have these tables.

create schema if not exists functions;

create table if not exists functions.definitions (
  id uuid primary key default gen_random_uuid(),
  slug text not null unique,
  name text not null,
  description text,
  code text not null,
  status text not null default 'active',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deployed_at timestamptz
);

-- Values are not encrypted here, because this is for development. InsForge encrypts them.
create table if not exists system.secrets (
  id uuid primary key default gen_random_uuid(),
  key text not null unique,
  value text not null,
  is_active boolean not null default true,
  is_reserved boolean not null default false,
  last_used_at timestamptz,
  expires_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table if not exists system.custom_migrations (
  version text primary key check (version ~ '^[0-9]{1,64}$'),
  name text not null,
  statements text[] not null,
  created_at timestamptz not null default now()
);
