-- The ledger in its second form. One routine, ai_commit, takes all reservations and settlements that
-- wait in a process together. Limits are checked against running totals, so no check reads open
-- reservations or past charges, and the project's totals are spread over 32 rows.
--
-- Money is USD; days are UTC. Everything from the first form is kept.

-- What each user has spent and holds now. The row of a user is also the lock under which that user's
-- reservations and charges change.
create table ai_user_totals (
  user_id text primary key,
  day date not null, -- the sums are of this day and of its month
  day_tokens bigint not null default 0,
  day_usd numeric not null default 0,
  month_usd numeric not null default 0,
  -- The part of the sums that no record of the gateway confirms yet, as it counts for the project.
  day_unconfirmed_usd numeric not null default 0,
  month_unconfirmed_usd numeric not null default 0,
  held_tokens bigint not null default 0,
  held_usd numeric not null default 0,
  recent timestamptz[] not null default '{}' -- as many requests as the limit per minute, oldest first
) with (fillfactor = 60);

-- What all users together have spent and hold, in 32 rows that are summed up. A reservation takes what
-- it holds from `free_usd` of one row and looks at no other row while that suffices. The values of
-- `free_usd` never sum up to more than what is left of the limits in `free_of`.
create table ai_project_totals (
  shard smallint primary key,
  day date not null,
  day_usd numeric not null default 0,
  month_usd numeric not null default 0,
  held_usd numeric not null default 0,
  free_usd numeric not null default 0,
  free_of text not null default '' -- the day and the limits for which free_usd was computed
) with (fillfactor = 20);

-- When the gateway's price catalogue was read, and when a process was last asked to read it.
create table ai_price_list (
  only_row boolean primary key default true check (only_row),
  read_at timestamptz,
  asked_at timestamptz
);
insert into ai_price_list default values;

-- Prices of the gateway's catalogue, USD per token, input image or request; null when the catalogue
-- does not state them. Long prompts may have prices of their own. The older columns, moving averages
-- of what a model cost, now count only for models without a price in the catalogue.
alter table ai_prices
  add column prompt_usd numeric,
  add column completion_usd numeric,
  add column image_usd numeric,
  add column request_usd numeric,
  add column long_prompt_tokens integer,
  add column long_prompt_usd numeric,
  add column long_completion_usd numeric,
  add column reads_files boolean not null default false,
  alter column usd_per_request drop not null;

-- A charge is named by its reservation and its number there, so that it is recorded once however often
-- it is sent. What is not final is unconfirmed. `project_usd` is what a charge counts against the
-- project's limits: an unconfirmed one at most what its user may spend, a charge on a user's own key
-- nothing.
alter table ai_charges add column number smallint, add column project_usd numeric;
alter table ai_charges drop constraint ai_charges_pkey;
update ai_charges c
set id = c.reservation, number = n.number,
    project_usd = case when c.own_key then 0 else c.usd end
from (
  select id, row_number() over (partition by reservation order by created_at, id) - 1 as number
  from ai_charges
) n
where n.id = c.id;
alter table ai_charges drop column reservation;
alter table ai_charges rename column id to reservation;
alter table ai_charges
  alter column reservation drop default,
  alter column number set not null,
  alter column project_usd set not null,
  add primary key (reservation, number);
create index ai_charges_day on ai_charges (day);
drop index ai_charges_user_due;
create index ai_charges_user_due on ai_charges (user_id, next_try_at)
  where next_try_at is not null;

alter table ai_user_days add column unconfirmed_usd numeric not null default 0;
update ai_user_days d set unconfirmed_usd = c.usd
from (
  select user_id, day, model, own_key, sum(usd) as usd
  from ai_charges where not final group by user_id, day, model, own_key
) c
where (d.user_id, d.day, d.model, d.own_key) = (c.user_id, c.day, c.model, c.own_key);

alter table ai_project_days add column shard smallint not null default 0;
alter table ai_project_days drop constraint ai_project_days_pkey, add primary key (day, shard);

insert into ai_user_totals (
  user_id, day, day_tokens, day_usd, month_usd, day_unconfirmed_usd, month_unconfirmed_usd,
  held_tokens, held_usd, recent
)
select u.user_id, ai_today(), coalesce(s.day_tokens, 0), coalesce(s.day_usd, 0),
       coalesce(s.month_usd, 0), coalesce(c.day_usd, 0), coalesce(c.month_usd, 0),
       coalesce(h.tokens, 0), coalesce(h.usd, 0), coalesce(h.recent, '{}')
from (select user_id from ai_user_days union select user_id from ai_reservations) u
left join (
  select user_id, sum(usd) as month_usd,
         sum(usd) filter (where day = ai_today()) as day_usd,
         sum(prompt_tokens + completion_tokens) filter (where day = ai_today()) as day_tokens
  from ai_user_days
  where not own_key and day >= date_trunc('month', ai_today())
  group by user_id
) s using (user_id)
left join (
  select user_id, sum(project_usd) as month_usd,
         sum(project_usd) filter (where day = ai_today()) as day_usd
  from ai_charges
  where not own_key and not final and day >= date_trunc('month', ai_today())
  group by user_id
) c using (user_id)
left join (
  select user_id,
         sum(held_tokens) filter (where is_open) as tokens, sum(held_usd) filter (where is_open) as usd,
         array_agg(created_at order by created_at)
           filter (where created_at > now() - interval '60 seconds') as recent
  from ai_reservations r,
       lateral (select settled_at is null and created_at > now() - interval '10 minutes' as is_open) o
  where not own_key
  group by user_id
) h using (user_id);

insert into ai_project_totals (shard, day) select s, ai_today() from generate_series(0, 31) s;
update ai_project_totals set
  day_usd = coalesce((select usd from ai_project_days where day = ai_today()), 0),
  month_usd = coalesce(
    (select sum(usd) from ai_project_days where day >= date_trunc('month', ai_today())), 0
  ),
  held_usd = (select coalesce(sum(held_usd), 0) from ai_user_totals)
where shard = 0;

-- A reservation is open as long as it has a row here. Those of the first form that are open stay open.
delete from ai_reservations
where settled_at is not null or created_at <= now() - interval '10 minutes';
update ai_reservations set held_tokens = 0, held_usd = 0 where own_key;
drop index ai_reservations_user, ai_reservations_open;
alter table ai_reservations drop column settled_at;

alter table ai_user_totals enable row level security;
alter table ai_project_totals enable row level security;
alter table ai_price_list enable row level security;
revoke all on ai_user_totals, ai_project_totals, ai_price_list from public, anon, authenticated;

drop function ai_refusal, ai_claim, ai_record, ai_correct, ai_add_up;

-- What a change of a charge adds to the sums.
create type ai_change as (
  user_id text,
  day date,
  model text,
  own_key boolean,
  requests bigint,
  prompt_tokens bigint,
  completion_tokens bigint,
  usd numeric,
  unconfirmed_usd numeric,
  project_usd numeric,
  project_unconfirmed_usd numeric
);

-- What tokens, input images and one request cost. Without a price in the catalogue the given ones
-- count, or what the model cost on average if that is more.
create function ai_cost(
  price ai_prices, prompt_tokens numeric, completion_tokens numeric, images numeric,
  prompt_usd numeric, completion_usd numeric
) returns numeric language sql immutable as $$
  select case
    when (price).prompt_usd is null then greatest(
      prompt_tokens * ai_cost.prompt_usd + completion_tokens * ai_cost.completion_usd,
      (prompt_tokens + completion_tokens) * (price).usd_per_token,
      (price).usd_per_request
    )
    when prompt_tokens >= (price).long_prompt_tokens then
      prompt_tokens * greatest((price).prompt_usd, (price).long_prompt_usd)
      + completion_tokens * greatest((price).completion_usd, (price).long_completion_usd)
      + coalesce(images * (price).image_usd, 0) + coalesce((price).request_usd, 0)
    else
      prompt_tokens * (price).prompt_usd + completion_tokens * (price).completion_usd
      + coalesce(images * (price).image_usd, 0) + coalesce((price).request_usd, 0)
  end
$$;

-- What the parts of a request cost, each at the price of the dearest of its models. A variant without a
-- price of its own (`:nitro`) costs what the model costs. A model that reads files itself needs no
-- plugin for them.
create function ai_price_parts(parts jsonb, prompt_usd numeric, completion_usd numeric)
returns numeric language plpgsql stable as $$
#variable_conflict use_column
begin
  return (
    select coalesce(sum(q.usd), 0)
    from jsonb_to_recordset(parts) as part (
      models jsonb, prompt_tokens numeric, completion_tokens numeric, images numeric, file_usd numeric
    ),
    lateral (
      select max(
        ai_cost(
          m.price, part.prompt_tokens, part.completion_tokens, part.images,
          ai_price_parts.prompt_usd, ai_price_parts.completion_usd
        ) + case when (m.price).reads_files then 0 else coalesce(part.file_usd, 0) end
      ) as usd
      from (
        select (
          select p from ai_prices p where p.model in (name, split_part(name, ':', 1))
          order by length(p.model) desc limit 1
        ) as price
        from jsonb_array_elements_text(part.models) name offset 0
      ) m
    ) q
  );
end
$$;

-- Locks the rows of users, given in order and each once, and starts their sums anew when the day or
-- the month has changed. Gives today, as it is once the locks are held.
create function ai_lock_users(users text[]) returns date language plpgsql as $$
#variable_conflict use_column
declare
  today date;
begin
  insert into ai_user_totals (user_id, day)
  select u, ai_today() from unnest(users) u
  where not exists (select from ai_user_totals t where t.user_id = u)
  on conflict do nothing;
  perform from ai_user_totals t where t.user_id = any (users) order by t.user_id for update;

  today := (clock_timestamp() at time zone 'UTC')::date; -- now() was before the wait
  update ai_user_totals t
  set day = today, day_tokens = 0, day_usd = 0, day_unconfirmed_usd = 0,
      month_usd = case when t.day >= month then t.month_usd else 0 end,
      month_unconfirmed_usd = case when t.day >= month then t.month_unconfirmed_usd else 0 end
  from (select date_trunc('month', today)::date as month) m
  where t.user_id = any (users) and t.day < today;
  return today;
end
$$;

-- Ends reservations of users whose rows are locked and gives back what they held, in USD.
create function ai_release(ended uuid[], users text[]) returns numeric language plpgsql as $$
#variable_conflict use_column
declare
  released numeric;
begin
  with gone as (
    delete from ai_reservations r
    where r.id = any (ended) and r.user_id = any (users)
    returning r.user_id, r.held_tokens, r.held_usd
  ),
  given_back as (
    update ai_user_totals t
    set held_tokens = t.held_tokens - g.tokens, held_usd = t.held_usd - g.usd
    from (
      select user_id, sum(held_tokens) as tokens, sum(held_usd) as usd from gone group by user_id
    ) g
    where t.user_id = g.user_id
    returning g.usd
  )
  select coalesce(sum(usd), 0) into released from given_back;
  return released;
end
$$;

-- Adds changes of charges to the sums by day and to the users' totals.
create function ai_add_up(changes ai_change[], today date) returns void language plpgsql as $$
#variable_conflict use_column
begin
  insert into ai_user_days as sums (
    user_id, day, model, own_key, requests, prompt_tokens, completion_tokens, usd, unconfirmed_usd
  )
  select user_id, day, model, own_key, sum(requests), sum(prompt_tokens), sum(completion_tokens),
         sum(usd), sum(unconfirmed_usd)
  from unnest(changes)
  group by user_id, day, model, own_key
  order by user_id, day, model, own_key
  on conflict (user_id, day, model, own_key) do update set
    requests = sums.requests + excluded.requests,
    prompt_tokens = sums.prompt_tokens + excluded.prompt_tokens,
    completion_tokens = sums.completion_tokens + excluded.completion_tokens,
    usd = sums.usd + excluded.usd,
    unconfirmed_usd = sums.unconfirmed_usd + excluded.unconfirmed_usd;

  update ai_user_totals t
  set day_tokens = t.day_tokens + c.day_tokens,
      day_usd = t.day_usd + c.day_usd,
      month_usd = t.month_usd + c.month_usd,
      day_unconfirmed_usd = t.day_unconfirmed_usd + c.day_unconfirmed_usd,
      month_unconfirmed_usd = t.month_unconfirmed_usd + c.month_unconfirmed_usd
  from (
    select user_id,
           coalesce(sum(prompt_tokens + completion_tokens) filter (where day = today), 0) as day_tokens,
           coalesce(sum(usd) filter (where day = today), 0) as day_usd,
           sum(usd) as month_usd,
           coalesce(sum(project_unconfirmed_usd) filter (where day = today), 0)
             as day_unconfirmed_usd,
           sum(project_unconfirmed_usd) as month_unconfirmed_usd
    from unnest(changes)
    where not own_key and day >= date_trunc('month', today)
    group by user_id
  ) c
  where t.user_id = c.user_id;
end
$$;

-- Adds changes of charges to the project's totals in one row, and gives back what was held there.
create function ai_add_up_project(changes ai_change[], released numeric, shard integer, today date)
returns void language plpgsql as $$
#variable_conflict use_column
begin
  -- Another process may have gone on to the next day before this one had its turn.
  update ai_project_totals t
  set day = greatest(t.day, today),
      day_usd = case when t.day >= today then t.day_usd else 0 end
        + case when t.day > today then 0 else c.day_usd end,
      month_usd = case when t.day >= c.month then t.month_usd else 0 end + c.month_usd,
      held_usd = t.held_usd - released,
      free_usd = t.free_usd + released - greatest(c.day_usd, c.month_usd)
  from (
    select m.month,
           coalesce(sum(project_usd) filter (where day = today), 0) as day_usd,
           coalesce(sum(project_usd) filter (where day >= m.month), 0) as month_usd
    from (select date_trunc('month', today)::date as month) m left join unnest(changes) on true
    group by m.month
  ) c
  where t.shard = ai_add_up_project.shard;

  insert into ai_project_days as sums (
    day, shard, requests, prompt_tokens, completion_tokens, usd
  )
  select day, ai_add_up_project.shard, sum(requests), sum(prompt_tokens), sum(completion_tokens),
         sum(project_usd)
  from unnest(changes)
  where not own_key
  group by day
  order by day
  on conflict (day, shard) do update set
    requests = sums.requests + excluded.requests,
    prompt_tokens = sums.prompt_tokens + excluded.prompt_tokens,
    completion_tokens = sums.completion_tokens + excluded.completion_tokens,
    usd = sums.usd + excluded.usd;
end
$$;

-- The most that unconfirmed charges of one user may count against the project: what the user may
-- spend, and at most a quarter of each limit of the project, so that no single user can use up the
-- budget of all by estimates. Null when the project has no such limit.
create function ai_unconfirmed_cap(limits jsonb, span text) returns numeric
language sql immutable as $$
  select case
    when limits ?| array['project_usd_per_day', 'project_usd_per_month'] then least(
      (limits ->> ('user_usd_per_' || span))::numeric,
      (limits ->> 'user_usd_per_month')::numeric,
      (limits ->> ('project_usd_per_' || span))::numeric / 4
    )
  end
$$;

-- Writes charges down, each once however often it is sent, and gives what they add to the sums. A
-- charge without a cost is priced here. Models without a price in the catalogue are remembered by what
-- they cost; a user's own key teaches nothing, because it has a contract of its own.
create function ai_record(charges jsonb, limits jsonb, today date) returns ai_change[]
language plpgsql as $$
#variable_conflict use_column
declare
  changes ai_change[];
  day_cap numeric := ai_unconfirmed_cap(limits, 'day');
  month_cap numeric := ai_unconfirmed_cap(limits, 'month');
begin
  with given as (
    select g.reservation, g.number, g.user_id, left(g.slug, 200) as slug,
           left(g.model, 200) as model, -- an index takes no long text
           g.own_key, left(g.generation_id, 200) as generation_id,
           greatest(round(g.prompt_tokens), 0) as prompt_tokens,
           greatest(round(g.completion_tokens), 0) as completion_tokens,
           g.final and g.usd is not null as final,
           case
             when g.usd is not null then greatest(g.usd, 0)
             when g.parts is not null then
               coalesce(g.extra_usd, 0) + ai_price_parts(g.parts, g.prompt_usd, g.completion_usd)
             else 0
           end as usd
    from jsonb_to_recordset(charges) as g (
      reservation uuid, number smallint, user_id text, slug text, model text, own_key boolean,
      generation_id text, prompt_tokens numeric, completion_tokens numeric, usd numeric,
      final boolean, parts jsonb, extra_usd numeric, prompt_usd numeric, completion_usd numeric
    )
  ),
  counted as (
    select g.*,
           case
             when own_key then 0
             when final or cap is null then usd
             else greatest(least(sum_usd, cap), 0) - greatest(least(sum_usd - usd, cap), 0)
           end as project_usd
    from (
      select g.*, sum(usd) filter (where not final)
        over (partition by user_id, own_key order by reservation, number) as sum_usd
      from given g
    ) g
    join lateral (
      select least(day_cap - t.day_unconfirmed_usd, month_cap - t.month_unconfirmed_usd) as cap
      from ai_user_totals t where t.user_id = g.user_id
    ) t on true
  ),
  recorded as (
    insert into ai_charges as c (
      reservation, number, user_id, slug, model, own_key, day, generation_id, prompt_tokens,
      completion_tokens, usd, project_usd, final, next_try_at
    )
    select reservation, number, user_id, slug, model, own_key, today, generation_id, prompt_tokens,
           completion_tokens, usd, project_usd, final,
           case when not final and generation_id is not null
             then now() + interval '2 seconds' end -- sooner OpenRouter hardly knows it
    from counted
    on conflict do nothing
    returning c.*
  ),
  learnt as (
    insert into ai_prices as known (model, usd_per_token, usd_per_request)
    select r.model, sum(usd) / nullif(sum(prompt_tokens + completion_tokens), 0), avg(usd)
    from recorded r
    where final and usd > 0 and not own_key and not exists (
      select from ai_prices p
      where p.model in (r.model, split_part(r.model, ':', 1)) and p.prompt_usd is not null
    )
    group by r.model
    order by r.model
    on conflict (model) do update set
      usd_per_token = coalesce(
        known.usd_per_token * 0.8 + excluded.usd_per_token * 0.2,
        known.usd_per_token,
        excluded.usd_per_token
      ),
      usd_per_request = coalesce(
        known.usd_per_request * 0.8 + excluded.usd_per_request * 0.2, excluded.usd_per_request
      ),
      updated_at = now()
  )
  select array_agg(row(
    user_id, day, model, own_key, (number = 0)::integer, prompt_tokens, completion_tokens, usd,
    case when final then 0 else usd end, project_usd, case when final then 0 else project_usd end
  )::ai_change) into changes
  from recorded;
  return changes;
end
$$;

-- Hands charges out to be looked up, except those that another process was faster to take: the next
-- try comes after 5 seconds, then twice as long each time; after the tenth the estimate stands.
create function ai_claim(reservations uuid[], numbers smallint[]) returns setof ai_charges
language plpgsql rows 10 as $$
#variable_conflict use_column
begin
  return query
  with due as (
    select c.reservation, c.number
    from ai_charges c
    where (c.reservation, c.number) in (select * from unnest(reservations, numbers))
      and c.next_try_at <= now()
    order by c.reservation, c.number
    for update
  )
  update ai_charges c
  set tries = c.tries + 1,
      next_try_at = case when c.tries < 9 then now() + interval '5 seconds' * (1 << c.tries) end
  from due
  where (c.reservation, c.number) = (due.reservation, due.number)
  returning c.*;
end
$$;

-- The charges of users that are due to be looked up, at most 5 of each.
create function ai_claim_of(users text[]) returns jsonb language plpgsql as $$
#variable_conflict use_column
begin
  if not exists (
    select from ai_charges c where c.user_id = any (users) and c.next_try_at <= now()
  ) then
    return '[]';
  end if;
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'generation_id', c.generation_id, 'user_id', c.user_id, 'own_key', c.own_key
    )), '[]')
    from (
      select array_agg(d.reservation) as reservations, array_agg(d.number) as numbers
      from unnest(users) u, lateral (
        select c.reservation, c.number from ai_charges c
        where c.user_id = u and c.next_try_at <= now()
        order by c.next_try_at limit 5
      ) d
    ) d, ai_claim(d.reservations, d.numbers) c
  );
end
$$;

-- What each reservation may cost at most, and the user's own key where that pays.
create function ai_price_reservations(reservations jsonb)
returns table (n bigint, usd numeric, key text) language plpgsql as $$
#variable_conflict use_column
begin
  return query
  select r.n,
         coalesce(
           r.usd,
           coalesce(r.extra_usd, 0) + ai_price_parts(r.parts, r.prompt_usd, r.completion_usd)
         ),
         (select k.key from ai_user_keys k where r.use_key and k.user_id = r.user_id)
  from rows from (jsonb_to_recordset(reservations) as (
    user_id text, use_key boolean, usd numeric, extra_usd numeric, prompt_usd numeric,
    completion_usd numeric, parts jsonb
  )) with ordinality as r (user_id, use_key, usd, extra_usd, prompt_usd, completion_usd, parts, n)
  order by r.n;
end
$$;

-- Why a request may not start: the reason that lasts longest.
create function ai_refusal(
  limits jsonb, usd numeric, totals ai_user_totals, project_day_usd numeric,
  project_month_usd numeric, share_usd numeric, minute_ends timestamptz, at timestamptz
) returns jsonb language plpgsql stable as $$
declare
  next_day timestamptz := (date_trunc('day', at at time zone 'UTC') + interval '1 day')
    at time zone 'UTC';
  next_month timestamptz := (date_trunc('month', at at time zone 'UTC') + interval '1 month')
    at time zone 'UTC';
  refused text;
  until timestamptz;
  left_usd numeric;
begin
  -- What is used up.
  select name, renewed into refused, until
  from (values
    (1, 'user_usd_per_month', totals.month_usd, next_month),
    (2, 'project_usd_per_month', project_month_usd, next_month),
    (3, 'user_usd_per_day', totals.day_usd, next_day),
    (4, 'project_usd_per_day', project_day_usd, next_day),
    (5, 'user_tokens_per_day', totals.day_tokens, next_day)
  ) as used (position, name, amount, renewed)
  where amount >= (limits ->> name)::numeric
  order by position limit 1;
  if refused is not null then
    return jsonb_build_object(
      'refused', refused, 'in_flight', false,
      'retry_after', greatest(1, ceil(extract(epoch from until - at)))
    );
  end if;

  -- What the request may cost is more than is left, whatever else ends meanwhile.
  left_usd := least(
    (limits ->> 'user_usd_per_day')::numeric - totals.day_usd,
    (limits ->> 'user_usd_per_month')::numeric - totals.month_usd,
    (limits ->> 'project_usd_per_day')::numeric - project_day_usd,
    (limits ->> 'project_usd_per_month')::numeric - project_month_usd,
    share_usd
  ); -- null without a limit in USD
  if usd > left_usd then
    return jsonb_build_object(
      'refused', 'request_usd', 'in_flight', false, 'usd', usd, 'left_usd', greatest(0, left_usd)
    );
  end if;

  if minute_ends > at then
    return jsonb_build_object(
      'refused', 'user_requests_per_minute', 'in_flight', false,
      'retry_after', greatest(1, ceil(extract(epoch from minute_ends - at)))
    );
  end if;
  -- What is in flight may turn out to cost less, and soon.
  return jsonb_build_object('refused', 'in_flight', 'in_flight', true, 'retry_after', 5);
end
$$;

-- Decides about reservations of users whose rows are locked. Gives a decision for each: null lets it
-- start. `settled` and `released` are what the same batch settled, not yet in the project's totals;
-- they are added there.
create function ai_admit(
  limits jsonb, reservations jsonb, settled ai_change[], released numeric, shard integer, today date
) returns jsonb[] language plpgsql as $$
#variable_conflict use_column
declare
  at timestamptz := clock_timestamp();
  per_minute integer := (limits ->> 'user_requests_per_minute')::integer;
  day_tokens bigint := (limits ->> 'user_tokens_per_day')::bigint;
  day_usd numeric := (limits ->> 'user_usd_per_day')::numeric;
  month_usd numeric := (limits ->> 'user_usd_per_month')::numeric;
  project_day numeric := (limits ->> 'project_usd_per_day')::numeric;
  project_month numeric := (limits ->> 'project_usd_per_month')::numeric;
  limits_project boolean := project_day is not null or project_month is not null;
  free_key text := concat_ws('|', today, project_day, project_month);

  most_usd numeric := least(day_usd, month_usd, project_day / 4, project_month / 4);

  holds numeric[];
  keys text[];
  need numeric; -- of all reservations together
  least_need numeric;
  took boolean := false; -- from one row of the project, without looking at the others
  locked boolean := false; -- all rows of the project
  project_day_usd numeric;
  project_month_usd numeric;
  project_held numeric;
  project_left numeric; -- null while nothing of the project's can refuse
  granted_usd numeric := 0;
  per_shard numeric;

  item record;
  totals ai_user_totals;
  share_usd numeric;
  started integer; -- requests of the same user in this batch
  place integer;
  minute_ends timestamptz;
  decisions jsonb[];
  granted boolean[];
begin
  select array_agg(p.usd order by p.n), array_agg(p.key order by p.n),
         -- What no limit could ever admit needs nothing.
         sum(p.usd) filter (where p.key is null and p.usd <= coalesce(most_usd, p.usd)),
         min(p.usd) filter (where p.key is null and p.usd <= coalesce(most_usd, p.usd)),
         array_agg(case when p.key is not null then jsonb_build_object('key', p.key) end order by p.n),
         array_agg(false order by p.n)
  into holds, keys, need, least_need, decisions, granted
  from ai_price_reservations(reservations) p;

  if limits_project then
    if least_need is not null and exists (
      select from ai_project_totals t
      where t.shard = ai_admit.shard and t.free_of = free_key and t.free_usd >= need and t.free_usd > 0
    ) then
      -- An update that another process made vain by a hair keeps its lock, and locking all rows after
      -- that could wait for a process that does the same. Undoing the block gives the lock back.
      begin
        update ai_project_totals t
        set held_usd = t.held_usd + need, free_usd = t.free_usd - need
        where t.shard = ai_admit.shard and t.free_of = free_key
          and t.free_usd >= need and t.free_usd > 0;
        if not found then
          raise sqlstate 'AI001';
        end if;
        took := true;
      exception when sqlstate 'AI001' then
        took := false;
      end;
    end if;
    if not took then
      -- When nothing fits, it does not need the locks either.
      select p.day_usd, p.month_usd, p.held_usd
      into project_day_usd, project_month_usd, project_held from ai_project_sums(today) p;
      project_left := least(project_day - project_day_usd, project_month - project_month_usd)
        - project_held;
      if least_need is not null
        and (project_left >= least_need and project_left > 0 or released > 0)
      then
        perform from ai_project_totals t order by t.shard for update;
        locked := true;
        if settled is not null or released > 0 then
          perform ai_add_up_project(settled, released, shard, today);
        end if;
        select p.day_usd, p.month_usd, p.held_usd
        into project_day_usd, project_month_usd, project_held from ai_project_sums(today) p;
        project_left := least(project_day - project_day_usd, project_month - project_month_usd)
          - project_held;
      end if;
    end if;
  end if;

  for item in
    select r.n, r.tokens, holds[r.n] as usd, coalesce(r.counts, true) as counts, t as totals
    from rows from (jsonb_to_recordset(reservations) as (
      id uuid, user_id text, tokens bigint, counts boolean
    )) with ordinality as r (id, user_id, tokens, counts, n)
    join ai_user_totals t on t.user_id = r.user_id
    where keys[r.n] is null and not exists (select from ai_reservations x where x.id = r.id)
    order by r.user_id, r.n
  loop
    if totals.user_id is distinct from (item.totals).user_id then
      totals := item.totals;
      started := 0;
      share_usd := least(
        project_day / 4 - totals.day_unconfirmed_usd,
        project_month / 4 - totals.month_unconfirmed_usd
      );
    end if;
    minute_ends := null;
    if per_minute is not null and item.counts then
      place := coalesce(array_length(totals.recent, 1), 0) + started - per_minute + 1;
      if started >= per_minute then
        minute_ends := at + interval '60 seconds';
      elsif place >= 1 then
        minute_ends := totals.recent[place] + interval '60 seconds';
      end if;
    end if;
    if (minute_ends is null or minute_ends <= at)
      and (day_tokens is null or totals.day_tokens + totals.held_tokens < day_tokens)
      and (day_usd is null
        or totals.day_usd < day_usd and totals.day_usd + totals.held_usd + item.usd <= day_usd)
      and (month_usd is null
        or totals.month_usd < month_usd and totals.month_usd + totals.held_usd + item.usd <= month_usd)
      and (share_usd is null or item.usd <= share_usd)
      and (project_left is null or project_left > 0 and item.usd <= project_left)
    then
      granted[item.n] := true;
      granted_usd := granted_usd + item.usd;
      project_left := project_left - item.usd;
      totals.held_tokens := totals.held_tokens + item.tokens;
      totals.held_usd := totals.held_usd + item.usd;
      if item.counts then
        started := started + 1;
      end if;
    else
      decisions[item.n] := ai_refusal(
        limits, item.usd, totals, project_day_usd, project_month_usd, share_usd, minute_ends, at
      );
    end if;
  end loop;

  if took and need > granted_usd then
    update ai_project_totals t
    set held_usd = t.held_usd - (need - granted_usd), free_usd = t.free_usd + (need - granted_usd)
    where t.shard = ai_admit.shard;
  elsif locked then
    -- While much is left, every row gets its part, so that the next batches look at one row alone.
    per_shard := case
      when project_left > 64 * greatest(granted_usd, least_need) then trunc(project_left / 32, 9)
      else 0
    end;
    update ai_project_totals t
    set held_usd = t.held_usd + case when t.shard = ai_admit.shard then granted_usd else 0 end,
        free_usd = per_shard, free_of = free_key
    where t.shard = ai_admit.shard or t.free_usd <> per_shard or t.free_of <> free_key;
  end if;
  if not limits_project then
    released := released - granted_usd; -- what is held counts as soon as the project has a limit, too
  end if;
  if not locked and (settled is not null or released <> 0) then
    perform ai_add_up_project(settled, released, shard, today);
  end if;

  if true = any (granted) then
    insert into ai_reservations (
      id, user_id, slug, model, own_key, held_tokens, held_usd, created_at
    )
    select r.id, r.user_id, r.slug, r.model, false, r.tokens, holds[r.n], at
    from rows from (jsonb_to_recordset(reservations) as (
      id uuid, user_id text, slug text, model text, tokens bigint
    )) with ordinality as r (id, user_id, slug, model, tokens, n)
    where granted[r.n];

    update ai_user_totals t
    set held_tokens = t.held_tokens + g.tokens,
        held_usd = t.held_usd + g.usd,
        recent = case
          when per_minute is null then '{}'
          else (t.recent || array_fill(at, array[g.started]))[
            greatest(1, coalesce(array_length(t.recent, 1), 0) + g.started - per_minute + 1):
          ]
        end
    from (
      select r.user_id, sum(r.tokens) as tokens, sum(holds[r.n]) as usd,
             count(*) filter (where coalesce(r.counts, true))::integer as started
      from rows from (jsonb_to_recordset(reservations) as (
        user_id text, tokens bigint, counts boolean
      )) with ordinality as r (user_id, tokens, counts, n)
      where granted[r.n]
      group by r.user_id
    ) g
    where t.user_id = g.user_id;
  end if;
  return decisions;
end
$$;

-- The project's totals of today and of this month.
create function ai_project_sums(
  today date, out day_usd numeric, out month_usd numeric, out held_usd numeric
) language sql stable as $$
  select coalesce(sum(t.day_usd) filter (where t.day = today), 0),
         coalesce(sum(t.month_usd) filter (where t.day >= date_trunc('month', today)), 0),
         coalesce(sum(t.held_usd), 0)
  from ai_project_totals t
$$;

-- Takes the reservations and the settlements that wait in a process.
--
-- `reservations`: id, user_id, slug, model, tokens, use_key, counts (for the limit per minute), and what
-- decides the price: parts, extra_usd, and prompt_usd and completion_usd per token for models without a
-- price. `ended`: id and user_id of reservations to release. `charges`: what generations cost, or parts
-- to price, with the id of their reservation, of which there need not be a row; sent twice they count
-- once.
--
-- Gives `decisions`, one for each reservation: null when it may start, the user's own key when that
-- pays, or why it is refused. `prices_missing` in their place asks for the price catalogue first;
-- `without_prices` says that there is none to be had. `look_ups`: charges of the same users to look up
-- at the gateway. `prices_due`: the price catalogue is to be read again.
--
-- Locks are taken in one order: users, charges, prices, then rows of the project; sorted within each.
-- Every row is found through an index: plans that are made while a table is small must suit a large one,
-- too. That is what the settings of the planner are for; `jit` would compile each call anew.
create function ai_commit(
  limits jsonb, reservations jsonb, ended jsonb, charges jsonb, without_prices boolean default false
) returns jsonb language plpgsql
set search_path = pg_catalog, public, pg_temp set lock_timeout = '1s'
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
#variable_conflict use_column
declare
  shard integer := pg_backend_pid() % 32;
  is_limited boolean := limits <> '{}' and jsonb_array_length(reservations) > 0;
  prices ai_price_list;
  releases uuid[];
  users text[];
  today date;
  released numeric := 0;
  changes ai_change[];
  decisions jsonb;
  look_ups jsonb := '[]';
begin
  select l.* into prices from ai_price_list l;
  if is_limited and prices.read_at is null and not without_prices and limits ?| array[
    'user_usd_per_day', 'user_usd_per_month', 'project_usd_per_day', 'project_usd_per_month'
  ] then
    is_limited := false;
    decisions := '"prices_missing"';
    reservations := '[]';
  end if;

  select array_agg(distinct c.user_id order by c.user_id) filter (where c.user_id is not null),
         array_agg(c.id) filter (where c.id is not null)
  into users, releases
  from (
    select null, r ->> 'user_id' from jsonb_array_elements(reservations) r where is_limited
    union all
    select (e ->> 'id')::uuid, e ->> 'user_id' from jsonb_array_elements(ended) e
    union all
    select null, c ->> 'user_id' from jsonb_array_elements(charges) c
    union all
    select * from (
      select r.id, r.user_id from ai_reservations r
      where r.created_at <= now() - interval '10 minutes' -- their process died
      order by r.created_at limit 200
    ) expired
  ) as c (id, user_id);

  if users is not null then
    today := ai_lock_users(users);
    if releases is not null then
      released := ai_release(releases, users);
    end if;
    if jsonb_array_length(charges) > 0 then
      changes := ai_record(charges, limits, today);
      if changes is not null then
        perform ai_add_up(changes, today);
      end if;
    end if;
  end if;
  if is_limited then
    decisions := to_jsonb(ai_admit(limits, reservations, changes, released, shard, today));
  else
    if changes is not null or released > 0 then
      perform ai_add_up_project(changes, released, shard, today);
    end if;
    -- Nothing can be refused; what is asked for is the user's own key.
    decisions := coalesce(decisions, (
      select jsonb_agg(
        case when p.key is not null then jsonb_build_object('key', p.key) end order by p.n
      )
      from ai_price_reservations(reservations) p
    ));
  end if;
  if jsonb_array_length(ended) > 0 or jsonb_array_length(charges) > 0 then
    look_ups := ai_claim_of(users);
  end if;
  return jsonb_build_object(
    'decisions', coalesce(decisions, '[]'), 'look_ups', look_ups,
    'prices_due', ai_prices_due(prices)
  );
end
$$;

-- Whether this process is the one to read the price catalogue: it is a day old, and no other process
-- was asked to in the last 5 minutes.
create function ai_prices_due(prices ai_price_list) returns boolean language plpgsql as $$
#variable_conflict use_column
begin
  if prices.read_at > now() - interval '1 day' or prices.asked_at > now() - interval '5 minutes' then
    return false;
  end if;
  update ai_price_list l set asked_at = now()
  where l.asked_at is null or l.asked_at <= now() - interval '5 minutes';
  return found;
end
$$;

-- Replaces the prices of the catalogue that the gateway lists: model, prompt_usd, completion_usd,
-- image_usd, request_usd, long_prompt_tokens, long_prompt_usd, long_completion_usd, reads_files. What
-- is no longer listed keeps its price. Without a list it is asked for again in 5 minutes.
create function ai_save_prices(prices jsonb) returns void language plpgsql
set search_path = pg_catalog, public, pg_temp set lock_timeout = '1s' as $$
#variable_conflict use_column
begin
  insert into ai_prices as known (
    model, prompt_usd, completion_usd, image_usd, request_usd, long_prompt_tokens, long_prompt_usd,
    long_completion_usd, reads_files
  )
  select distinct on (g.model)
         g.model, g.prompt_usd, g.completion_usd, g.image_usd, g.request_usd, g.long_prompt_tokens,
         g.long_prompt_usd, g.long_completion_usd, coalesce(g.reads_files, false)
  from jsonb_to_recordset(ai_save_prices.prices) as g (
    model text, prompt_usd numeric, completion_usd numeric, image_usd numeric, request_usd numeric,
    long_prompt_tokens integer, long_prompt_usd numeric, long_completion_usd numeric,
    reads_files boolean
  )
  where g.model <> ''
  order by g.model
  on conflict (model) do update set
    prompt_usd = excluded.prompt_usd, completion_usd = excluded.completion_usd,
    image_usd = excluded.image_usd, request_usd = excluded.request_usd,
    long_prompt_tokens = excluded.long_prompt_tokens,
    long_prompt_usd = excluded.long_prompt_usd,
    long_completion_usd = excluded.long_completion_usd,
    reads_files = excluded.reads_files, updated_at = now();
  update ai_price_list
  set read_at = case when jsonb_array_length(ai_save_prices.prices) > 0 then now() else read_at end,
      asked_at = now();
end
$$;

-- Replaces estimates by the gateway's records, each once.
create or replace function ai_reconcile(reconciled jsonb) returns void language plpgsql
set search_path = pg_catalog, public, pg_temp set lock_timeout = '1s'
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
#variable_conflict use_column
declare
  ids text[] := array(select r ->> 'generation_id' from jsonb_array_elements(reconciled) r);
  users text[];
  today date;
  changes ai_change[];
begin
  select array_agg(distinct c.user_id order by c.user_id) into users
  from ai_charges c
  where c.generation_id = any (ids) and not c.final;
  if users is null then
    return;
  end if;
  today := ai_lock_users(users);

  with real as (
    select distinct on (generation_id) *
    from jsonb_to_recordset(reconciled) as r (
      generation_id text, prompt_tokens numeric, completion_tokens numeric, usd numeric
    )
    where usd is not null -- or it would be no better than the estimate
  ),
  estimated as (
    select c.*
    from ai_charges c
    where c.generation_id = any (ids) and not c.final and c.user_id = any (users)
    order by c.reservation, c.number
    for update
  ),
  corrected as (
    update ai_charges c
    set prompt_tokens = greatest(round(real.prompt_tokens), 0),
        completion_tokens = greatest(round(real.completion_tokens), 0),
        usd = greatest(real.usd, 0),
        project_usd = case when c.own_key then 0 else greatest(real.usd, 0) end,
        final = true, next_try_at = null
    from estimated e join real on real.generation_id = e.generation_id
    where (c.reservation, c.number) = (e.reservation, e.number)
    returning c.user_id, c.day, c.model, c.own_key, c.prompt_tokens - e.prompt_tokens as prompt_tokens,
              c.completion_tokens - e.completion_tokens as completion_tokens, c.usd - e.usd as usd,
              -e.usd as unconfirmed_usd, c.project_usd - e.project_usd as project_usd,
              -e.project_usd as project_unconfirmed_usd
  )
  select array_agg(row(
    user_id, day, model, own_key, 0, prompt_tokens, completion_tokens, usd, unconfirmed_usd,
    project_usd, project_unconfirmed_usd
  )::ai_change) into changes
  from corrected;
  if changes is not null then
    perform ai_add_up(changes, today);
    perform ai_add_up_project(changes, 0, pg_backend_pid() % 32, today);
  end if;
end
$$;

-- What a user has used: today and this month as limits count it, and 31 days by model. Each sum says
-- how much of it no record of the gateway confirms yet.
create or replace function ai_usage(user_id text) returns jsonb
language sql stable set search_path = pg_catalog, public, pg_temp as $$
  with days as (
    select d.* from ai_user_days d
    where d.user_id = ai_usage.user_id and d.day > ai_today() - 31
  )
  select jsonb_object_agg(span.name, to_jsonb(sums)) || jsonb_build_object('days', coalesce(
    (select jsonb_agg(to_jsonb(d) - 'user_id' order by d.day desc, d.model, d.own_key) from days d),
    '[]'
  ))
  from (
    values ('today', ai_today()), ('month', date_trunc('month', ai_today())::date)
  ) as span (name, since),
  lateral (
    select coalesce(sum(d.requests), 0) as requests,
           coalesce(sum(d.prompt_tokens), 0) as prompt_tokens,
           coalesce(sum(d.completion_tokens), 0) as completion_tokens,
           coalesce(sum(d.usd), 0) as usd,
           coalesce(sum(d.unconfirmed_usd), 0) as unconfirmed_usd
    from days d
    where d.day >= span.since and not d.own_key
  ) as sums
$$;

-- Hands out charges of all users to be looked up, and removes what is no longer needed: reservations
-- whose process died, charges older than 90 days, sums by day older than 400 days. A charge on a key
-- that its user took back cannot be looked up: its tries run out.
create or replace function ai_sweep(max integer) returns jsonb language plpgsql
set search_path = pg_catalog, public, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
#variable_conflict use_column
declare
  users text[];
  expired uuid[];
  today date;
  released numeric;
begin
  select array_agg(distinct r.user_id order by r.user_id), array_agg(r.id) into users, expired
  from ai_reservations r
  where r.created_at <= now() - interval '10 minutes';
  if users is not null then
    today := ai_lock_users(users);
    released := ai_release(expired, users);
    perform ai_add_up_project(null, released, pg_backend_pid() % 32, today);
  end if;
  delete from ai_charges where day < ai_today() - 90;
  delete from ai_user_days where day < ai_today() - 400;
  delete from ai_project_days where day < ai_today() - 400;
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'generation_id', c.generation_id, 'model', c.model, 'user_id', c.user_id, 'key', k.key
    )), '[]')
    from (
      select array_agg(d.reservation) as reservations, array_agg(d.number) as numbers
      from (
        select c.reservation, c.number from ai_charges c
        where c.next_try_at <= now()
        order by c.next_try_at
        limit ai_sweep.max
      ) d
    ) d,
    ai_claim(d.reservations, d.numbers) c
    left join ai_user_keys k on c.own_key and k.user_id = c.user_id
    where not c.own_key or k.key is not null
  );
end
$$;

-- The routines of the first form, for functions that were deployed before this migration or are put
-- back after it.
create or replace function ai_reserve(
  user_id text, slug text, model text, tokens integer, usd numeric, limits jsonb, use_key boolean
) returns jsonb language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  reservation uuid := gen_random_uuid();
  decision jsonb;
begin
  decision := ai_commit(
    limits,
    jsonb_build_array(jsonb_build_object(
      'id', reservation, 'user_id', user_id, 'slug', slug, 'model', model, 'tokens', tokens,
      'usd', usd, 'use_key', use_key
    )),
    '[]', '[]', true
  ) #> '{decisions,0}';
  if decision ->> 'refused' in ('request_usd', 'in_flight') then
    return jsonb_build_object('refused', 'user_usd_per_day', 'in_flight', true, 'retry_after', 5);
  elsif decision ? 'refused' then
    return decision;
  end if;
  insert into ai_reservations (id, user_id, slug, model, own_key, held_tokens, held_usd, created_at)
  values (reservation, user_id, slug, model, decision ? 'key', 0, 0, clock_timestamp())
  on conflict do nothing;
  return jsonb_build_object(
    'reservation', reservation, 'usd_per_token', null, 'key', decision -> 'key',
    'unreconciled', jsonb_build_array()
  );
end
$$;

create or replace function ai_settle(reservation uuid, charges jsonb, reconciled jsonb) returns void
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  settled ai_reservations;
begin
  select r.* into settled from ai_reservations r where r.id = ai_settle.reservation;
  if found then
    perform ai_commit(
      '{}', '[]',
      jsonb_build_array(jsonb_build_object('id', settled.id, 'user_id', settled.user_id)),
      coalesce((
        select jsonb_agg(c || jsonb_build_object(
          'reservation', settled.id, 'number', n - 1, 'user_id', settled.user_id,
          'slug', settled.slug, 'own_key', settled.own_key,
          'model', coalesce(c ->> 'model', settled.model)
        ))
        from jsonb_array_elements(ai_settle.charges) with ordinality as c (c, n)
      ), '[]')
    );
  end if;
  perform ai_reconcile(ai_settle.reconciled);
end
$$;

-- New functions may be called by everybody; these by the project's API key alone.
revoke execute on function
  ai_cost, ai_price_parts, ai_lock_users, ai_release, ai_add_up, ai_add_up_project, ai_unconfirmed_cap,
  ai_record, ai_claim, ai_claim_of, ai_price_reservations, ai_refusal, ai_admit, ai_project_sums,
  ai_commit, ai_prices_due, ai_save_prices
  from public, anon, authenticated;
