-- What the functions ask of the ledger, one call each: ai_reserve before a request spends,
-- ai_settle when it ended, ai_usage, ai_sweep and ai_reconcile. The others are their parts. What
-- every request runs is in plpgsql, which keeps plans: planned anew each time it takes five times
-- as long.
--
-- Locks are taken in one order, so that no two calls wait for each other: the user's and then the
-- project's advisory lock, then rows of reservations, charges, user days, prices and project days,
-- sorted within each table. "skip locked" would not do: at times it waits, and in any order.

create function ai_today() returns date language sql stable as $$
  select (now() at time zone 'UTC')::date
$$;

-- Why this user may not start another request now: the reason that lasts longest, or null.
-- One statement, hence one snapshot: a request settled meanwhile is held or spent, never neither.
create function ai_refusal(user_id text, limits jsonb, at timestamptz) returns jsonb
language plpgsql stable as $$
#variable_conflict use_column
begin
  return (
    with clock as (
      select day::date,
             date_trunc('month', day)::date as month,
             (day + interval '1 day') at time zone 'UTC' as next_day,
             (date_trunc('month', day) + interval '1 month') at time zone 'UTC' as next_month
      from date_trunc('day', at at time zone 'UTC') as day
    ),
    user_spent as (
      select coalesce(sum(d.usd), 0) as month_usd,
             coalesce(sum(d.usd) filter (where d.day = clock.day), 0) as day_usd,
             coalesce(sum(d.prompt_tokens + d.completion_tokens)
               filter (where d.day = clock.day), 0) as day_tokens
      from clock, ai_user_days d
      where d.user_id = ai_refusal.user_id and d.day >= clock.month and not d.own_key
    ),
    user_held as (
      select coalesce(sum(r.held_tokens), 0) as tokens, coalesce(sum(r.held_usd), 0) as usd
      from ai_reservations r
      where r.user_id = ai_refusal.user_id and r.created_at > at - interval '10 minutes'
        and r.settled_at is null and not r.own_key
    ),
    project_spent as (
      select coalesce(sum(d.usd), 0) as month_usd,
             coalesce(sum(d.usd) filter (where d.day = clock.day), 0) as day_usd
      from clock, ai_project_days d
      where d.day >= clock.month
    ),
    project_held as (
      select coalesce(sum(r.held_usd), 0) as usd
      from ai_reservations r
      where limits ?| array['project_usd_per_day', 'project_usd_per_month']
        and r.created_at > at - interval '10 minutes' and r.settled_at is null and not r.own_key
    ),
    -- The oldest of those newest requests that fill the limit: once a minute old, it makes room.
    minute_filled as (
      select r.created_at + interval '60 seconds' as until
      from ai_reservations r
      where limits ->> 'user_requests_per_minute' is not null
        and r.user_id = ai_refusal.user_id and r.created_at > at - interval '60 seconds'
        and not r.own_key
      order by r.created_at desc
      offset (limits ->> 'user_requests_per_minute')::integer - 1
      limit 1
    ),
    refusals as (
      select name, spent < (limits ->> name)::numeric as in_flight, until
      from clock, user_spent, user_held, project_spent, project_held, lateral (values
        ('user_tokens_per_day', user_spent.day_tokens, user_held.tokens, clock.next_day),
        ('user_usd_per_day', user_spent.day_usd, user_held.usd, clock.next_day),
        ('user_usd_per_month', user_spent.month_usd, user_held.usd, clock.next_month),
        ('project_usd_per_day', project_spent.day_usd, project_held.usd, clock.next_day),
        ('project_usd_per_month', project_spent.month_usd, project_held.usd, clock.next_month)
      ) as rule (name, spent, held, until)
      where spent + held >= (limits ->> name)::numeric
      union all
      select 'user_requests_per_minute', false, until from minute_filled
    ),
    -- What is in flight may turn out to cost less, and soon.
    timed as (
      select name, in_flight,
             case when in_flight then at + interval '5 seconds' else until end as until
      from refusals
    )
    select jsonb_build_object(
      'refused', name,
      'retry_after', greatest(1, ceil(extract(epoch from until - at)))::integer,
      'in_flight', in_flight
    )
    from timed
    order by until desc, name
    limit 1
  );
end
$$;

-- Hands charges out for looking up, except those that another caller has taken already: the next
-- try comes after 5 seconds, then twice as long each time; after the tenth the estimate stands.
create function ai_claim(charges uuid[]) returns setof ai_charges language plpgsql rows 10 as $$
#variable_conflict use_column
begin
  return query
  with due as (
    select c.id from ai_charges c
    where c.id = any (charges) and c.next_try_at <= now()
    order by c.id
    for update
  )
  update ai_charges c
  set tries = c.tries + 1,
      next_try_at = case when c.tries < 9 then now() + interval '5 seconds' * (1 << c.tries) end
  from due
  where c.id = due.id
  returning c.*;
end
$$;

-- Lets a request start, or says why not. With a key of their own users spend their own money, and
-- no limit is theirs.
create function ai_reserve(
  user_id text, slug text, model text, tokens integer, usd numeric, limits jsonb, use_key boolean
) returns jsonb language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  user_key text;
  price ai_prices;
  reservation uuid;
  at timestamptz;
  refusal jsonb;
  unreconciled jsonb;
begin
  select k.key into user_key from ai_user_keys k
  where k.user_id = ai_reserve.user_id and use_key;

  if user_key is null and limits <> '{}' then
    perform pg_advisory_xact_lock(hashtext('ai_reserve user'), hashtext(ai_reserve.user_id));
    if limits ?| array['project_usd_per_day', 'project_usd_per_month'] then
      perform pg_advisory_xact_lock(hashtext('ai_reserve project'), 0);
    end if;
    at := clock_timestamp(); -- now() was before the wait
    refusal := ai_refusal(ai_reserve.user_id, limits, at);
    if refusal is not null then
      return refusal;
    end if;
  end if;

  select p.* into price from ai_prices p where p.model = ai_reserve.model;
  insert into ai_reservations (user_id, slug, model, own_key, held_tokens, held_usd, created_at)
  values (
    ai_reserve.user_id, ai_reserve.slug, ai_reserve.model, user_key is not null, tokens,
    coalesce(greatest(tokens * price.usd_per_token, price.usd_per_request), ai_reserve.usd),
    coalesce(at, clock_timestamp())
  )
  returning id into reservation;

  select jsonb_agg(jsonb_build_object('generation_id', c.generation_id, 'model', c.model))
  into unreconciled
  from ai_claim(array(
    select c.id from ai_charges c
    where c.user_id = ai_reserve.user_id and c.own_key = (user_key is not null)
      and c.next_try_at <= now()
    order by c.next_try_at
    limit 5
  )) c;

  return jsonb_build_object(
    'reservation', reservation,
    'usd_per_token', price.usd_per_token,
    'key', user_key,
    'unreconciled', coalesce(unreconciled, '[]')
  );
end
$$;

-- Writes down what a request's generations cost: gives each charge, and what it adds to the sums.
create function ai_record(settled ai_reservations, charges jsonb)
returns table (charge ai_charges, change ai_user_days) language plpgsql as $$
#variable_conflict use_column
begin
  return query
  with recorded as (
    insert into ai_charges as c (
      reservation, user_id, slug, model, own_key, day, generation_id,
      prompt_tokens, completion_tokens, usd, final, next_try_at
    )
    select settled.id, settled.user_id, settled.slug, left(coalesce(g.model, settled.model), 200),
           settled.own_key, ai_today(), left(g.generation_id, 200), -- an index takes no long text
           greatest(g.prompt_tokens, 0), greatest(g.completion_tokens, 0), greatest(g.usd, 0),
           g.final,
           case when not g.final and g.generation_id is not null
             then now() + interval '2 seconds' end -- sooner OpenRouter hardly knows it
    from jsonb_to_recordset(charges) as g (
      model text, generation_id text, prompt_tokens numeric, completion_tokens numeric, usd numeric,
      final boolean
    )
    returning c as charge
  )
  select charge, row(
    (charge).user_id, (charge).day, (charge).model, (charge).own_key,
    (row_number() over () = 1)::integer, -- of a request with several charges
    (charge).prompt_tokens, (charge).completion_tokens, (charge).usd
  )::ai_user_days
  from recorded;
end
$$;

-- Replaces estimates by the real numbers, of one user or, with null, of all: gives each charge as
-- it is now, and what that adds to the sums.
create function ai_correct(user_id text, reconciled jsonb)
returns table (charge ai_charges, change ai_user_days) language plpgsql as $$
#variable_conflict use_column
begin
  return query
  with real as (
    select distinct on (generation_id) *
    from jsonb_to_recordset(reconciled) as r (
      generation_id text, prompt_tokens numeric, completion_tokens numeric, usd numeric
    )
    where usd is not null -- or it would be no better than the estimate
  ),
  estimated as (
    select c.*
    from ai_charges c join real on real.generation_id = c.generation_id
    where not c.final and (ai_correct.user_id is null or c.user_id = ai_correct.user_id)
    order by c.id
    for update of c
  )
  update ai_charges c
  set prompt_tokens = greatest(real.prompt_tokens, 0),
      completion_tokens = greatest(real.completion_tokens, 0),
      usd = greatest(real.usd, 0), final = true, next_try_at = null
  from estimated e join real on real.generation_id = e.generation_id
  where c.id = e.id
  returning c, row(
    c.user_id, c.day, c.model, c.own_key, 0, c.prompt_tokens - e.prompt_tokens,
    c.completion_tokens - e.completion_tokens, c.usd - e.usd
  )::ai_user_days;
end
$$;

-- Brings the sums and the prices up to date with charges that are new or corrected. What went on a
-- user's own key teaches no price: their contract with a provider may be another.
create function ai_add_up(charges ai_charges[], changes ai_user_days[]) returns void
language plpgsql as $$
#variable_conflict use_column
begin
  insert into ai_user_days as sums
  select user_id, day, model, own_key,
         sum(requests), sum(prompt_tokens), sum(completion_tokens), sum(usd)
  from unnest(changes)
  group by user_id, day, model, own_key
  order by user_id, day, model, own_key
  on conflict (user_id, day, model, own_key) do update set
    requests = sums.requests + excluded.requests,
    prompt_tokens = sums.prompt_tokens + excluded.prompt_tokens,
    completion_tokens = sums.completion_tokens + excluded.completion_tokens,
    usd = sums.usd + excluded.usd;

  insert into ai_prices as known (model, usd_per_token, usd_per_request)
  select model, sum(usd) / nullif(sum(prompt_tokens + completion_tokens), 0), avg(usd)
  from unnest(charges)
  where final and usd > 0 and not own_key
  group by model
  order by model
  on conflict (model) do update set
    usd_per_token = coalesce(
      known.usd_per_token * 0.8 + excluded.usd_per_token * 0.2,
      known.usd_per_token,
      excluded.usd_per_token
    ),
    usd_per_request = known.usd_per_request * 0.8 + excluded.usd_per_request * 0.2,
    updated_at = now();

  insert into ai_project_days as sums
  select day, sum(requests), sum(prompt_tokens), sum(completion_tokens), sum(usd)
  from unnest(changes)
  where not own_key
  group by day
  order by day
  on conflict (day) do update set
    requests = sums.requests + excluded.requests,
    prompt_tokens = sums.prompt_tokens + excluded.prompt_tokens,
    completion_tokens = sums.completion_tokens + excluded.completion_tokens,
    usd = sums.usd + excluded.usd;
end
$$;

-- Ends a request: its hold gives way to what its generations cost. Settling twice changes nothing.
create function ai_settle(reservation uuid, charges jsonb, reconciled jsonb) returns void
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  settled ai_reservations;
begin
  update ai_reservations r set settled_at = now()
  where r.id = ai_settle.reservation and r.settled_at is null
  returning r.* into settled;
  if not found then
    if not exists (select from ai_reservations r where r.id = ai_settle.reservation) then
      raise 'There is no reservation %', ai_settle.reservation;
    end if;
    return;
  end if;

  perform ai_add_up(array_agg(charge), array_agg(change))
  from (
    select * from ai_record(settled, ai_settle.charges)
    union all
    select * from ai_correct(settled.user_id, ai_settle.reconciled)
  ) as changed;
end
$$;

-- What a user has used: today and this month as limits count it, and 31 days by model.
create function ai_usage(user_id text) returns jsonb
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
           coalesce(sum(d.usd), 0) as usd
    from days d
    where d.day >= span.since and not d.own_key
  ) as sums
$$;

-- Hands out charges of all users to be looked up, and clears reservations away that nothing asks
-- for any more. A charge on a key that its user took back cannot be looked up: its tries run out.
create function ai_sweep(max integer) returns jsonb
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
  delete from ai_reservations where created_at < now() - interval '1 day';
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'generation_id', c.generation_id, 'model', c.model, 'user_id', c.user_id, 'key', k.key
    )), '[]')
    from ai_claim(array(
      select c.id from ai_charges c
      where c.next_try_at <= now()
      order by c.next_try_at
      limit ai_sweep.max
    )) c
    left join ai_user_keys k on c.own_key and k.user_id = c.user_id
    where not c.own_key or k.key is not null
  );
end
$$;

-- Replaces the estimates of generations that were looked up.
create function ai_reconcile(reconciled jsonb) returns void
language sql set search_path = pg_catalog, public, pg_temp as $$
  select ai_add_up(array_agg(charge), array_agg(change)) from ai_correct(null, reconciled)
$$;

-- New functions may be called by everybody; these by the project's API key alone.
revoke execute on function
  ai_today, ai_refusal, ai_claim, ai_record, ai_correct, ai_add_up,
  ai_reserve, ai_settle, ai_usage, ai_sweep, ai_reconcile
  from public, anon, authenticated;
