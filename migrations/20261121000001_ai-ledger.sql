-- The ledger: what every request may still spend, what every generation cost, and the sums that
-- limits are compared with. Money is USD; days are UTC.

-- One row per request that was let through. It holds what the request may at most use until it is
-- settled, or for 10 minutes if that never happens.
create table ai_reservations (
  id uuid primary key default gen_random_uuid(),
  user_id text not null,
  slug text not null,
  model text not null,
  own_key boolean not null,
  held_tokens bigint not null,
  held_usd numeric not null,
  created_at timestamptz not null,
  settled_at timestamptz
);

create index ai_reservations_user on ai_reservations (user_id, created_at);
create index ai_reservations_open on ai_reservations (created_at)
  where settled_at is null and not own_key;
create index ai_reservations_age on ai_reservations (created_at);

-- One row per generation that was or may have been billed. Numbers that are not final are
-- estimates; `next_try_at` is when to ask for the real ones, null where that is of no use.
create table ai_charges (
  id uuid primary key default gen_random_uuid(),
  reservation uuid not null,
  user_id text not null,
  slug text not null,
  model text not null,
  own_key boolean not null,
  day date not null,
  generation_id text,
  prompt_tokens bigint not null check (prompt_tokens >= 0),
  completion_tokens bigint not null check (completion_tokens >= 0),
  usd numeric not null check (usd >= 0),
  final boolean not null,
  tries integer not null default 0,
  next_try_at timestamptz,
  created_at timestamptz not null default now()
);

create index ai_charges_estimated on ai_charges (generation_id) where not final;
create index ai_charges_due on ai_charges (next_try_at) where next_try_at is not null;
create index ai_charges_user_due on ai_charges (user_id, own_key, next_try_at)
  where next_try_at is not null;

-- Sums of the charges, so that a limit is checked in a few rows however many charges there are.
-- A request with several charges counts once, with the model of the first.
create table ai_user_days (
  user_id text,
  day date,
  model text,
  own_key boolean,
  requests bigint not null,
  prompt_tokens bigint not null,
  completion_tokens bigint not null,
  usd numeric not null,
  primary key (user_id, day, model, own_key)
);

-- The same of all users together, without what went on their own keys.
create table ai_project_days (
  day date primary key,
  requests bigint not null,
  prompt_tokens bigint not null,
  completion_tokens bigint not null,
  usd numeric not null
);

-- What models cost lately: moving averages. The scale is fixed because numeric keeps every digit of
-- a product, and would grow with each average.
create table ai_prices (
  model text primary key,
  usd_per_token numeric(30, 15),
  usd_per_request numeric(30, 15) not null,
  updated_at timestamptz not null default now()
);

-- Row-level security without a policy, and no grants: InsForge gives every new table to anon and
-- authenticated. Only the project's API key reaches these.
alter table ai_reservations enable row level security;
alter table ai_charges enable row level security;
alter table ai_user_days enable row level security;
alter table ai_project_days enable row level security;
alter table ai_prices enable row level security;
revoke all on ai_reservations, ai_charges, ai_user_days, ai_project_days, ai_prices
  from public, anon, authenticated;
