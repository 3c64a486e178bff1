-- The ledger takes a batch in fewer and larger statements: one prices all reservations, and one ends
-- reservations, writes charges down and adds both to the sums. What is decided stays the same. Plans
-- are made once for a connection, and not again for each batch.

drop function ai_admit, ai_price_reservations, ai_record;

-- `recent` has at most 60 timestamps, however high the limit per minute is: each stands for a sixtieth
-- of the limit, and is that of the last request. With a limit of up to 60 it stands for one request.
alter table ai_user_totals
  add column recent_open integer not null default 0; -- requests since the last timestamp in `recent`

-- What each part of a request costs, at the price of the dearest of its models. A variant without a
-- price of its own (`:nitro`) costs what the model costs. A model that reads files itself needs no
-- plugin for them.
create function ai_parts(parts jsonb, prompt_usd numeric, completion_usd numeric)
returns table (usd numeric) language sql stable as $$
  select (
    select max(
      ai_cost(
        m.price, part.prompt_tokens, part.completion_tokens, part.images,
        ai_parts.prompt_usd, ai_parts.completion_usd
      ) + case when (m.price).reads_files then 0 else coalesce(part.file_usd, 0) end
    )
    from (
      select coalesce(
        (select p from ai_prices p where p.model = name),
        (select p from ai_prices p where p.model = split_part(name, ':', 1))
      ) as price
      from jsonb_array_elements_text(part.models) name offset 0
    ) m
  )
  from jsonb_to_recordset(ai_parts.parts) as part (
    models jsonb, prompt_tokens numeric, completion_tokens numeric, images numeric, file_usd numeric
  )
$$;

create or replace function ai_price_parts(parts jsonb, prompt_usd numeric, completion_usd numeric)
returns numeric language plpgsql stable as $$
begin
  return (
    select coalesce(sum(p.usd), 0)
    from ai_parts(ai_price_parts.parts, ai_price_parts.prompt_usd, ai_price_parts.completion_usd) p
  );
end
$$;

-- Locks the rows of users, given in order and each once, and starts their sums anew when the day or
-- the month has changed. Gives today, as it is once the locks are held.
create or replace function ai_lock_users(users text[]) returns date language plpgsql as $$
#variable_conflict use_column
declare
  today date;
  oldest date;
begin
  if (select count(*) from ai_user_totals t where t.user_id = any (users)) < cardinality(users) then
    insert into ai_user_totals (user_id, day) select u, ai_today() from unnest(users) u
    on conflict do nothing;
  end if;
  select min(t.day) into oldest
  from (
    select day from ai_user_totals t where t.user_id = any (users) order by t.user_id for update
  ) t;

  today := (clock_timestamp() at time zone 'UTC')::date; -- now() was before the wait
  if oldest < today then
    update ai_user_totals t
    set day = today, day_tokens = 0, day_usd = 0, day_unconfirmed_usd = 0,
        month_usd = case when t.day >= month then t.month_usd else 0 end,
        month_unconfirmed_usd = case when t.day >= month then t.month_unconfirmed_usd else 0 end
    from (select date_trunc('month', today)::date as month) m
    where t.user_id = any (users) and t.day < today;
  end if;
  return today;
end
$$;

-- Ends reservations of users whose rows are locked and gives back what they held, in USD. Writes
-- charges down, each once however often it is sent, and adds them to the users' sums. Gives what they
-- add to the project's: one change, or null.
--
-- A charge without a cost is priced here. Models without a price in the catalogue are remembered by
-- what they cost; a user's own key teaches nothing, because it has a contract of its own.
create function ai_record(
  ended uuid[], users text[], charges jsonb, limits jsonb, today date,
  out released numeric, out changes ai_change[]
) language plpgsql as $$
#variable_conflict use_column
declare
  day_cap numeric := ai_unconfirmed_cap(limits, 'day');
  month_cap numeric := ai_unconfirmed_cap(limits, 'month');
begin
  with gone as (
    delete from ai_reservations r
    where r.id = any (ended) and r.user_id = any (users)
    returning r.user_id, r.held_tokens, r.held_usd
  ),
  given as (
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
           end as usd,
           -- What its unconfirmed charges may still count for the project.
           case when not (g.own_key or g.final and g.usd is not null) then (
             select least(day_cap - t.day_unconfirmed_usd, month_cap - t.month_unconfirmed_usd)
             from ai_user_totals t where t.user_id = g.user_id
           ) end as cap
    from jsonb_to_recordset(charges) as g (
      reservation uuid, number smallint, user_id text, slug text, model text, own_key boolean,
      generation_id text, prompt_tokens numeric, completion_tokens numeric, usd numeric,
      final boolean, parts jsonb, extra_usd numeric, prompt_usd numeric, completion_usd numeric
    )
  ),
  recorded as (
    insert into ai_charges as c (
      reservation, number, user_id, slug, model, own_key, day, generation_id, prompt_tokens,
      completion_tokens, usd, project_usd, final, next_try_at
    )
    select reservation, number, user_id, slug, model, own_key, today, generation_id, prompt_tokens,
           completion_tokens, usd,
           case
             when own_key then 0
             when final or cap is null then usd
             else greatest(least(sum_usd, cap), 0) - greatest(least(sum_usd - usd, cap), 0)
           end,
           final,
           case when not final and generation_id is not null
             then now() + interval '2 seconds' end -- sooner OpenRouter hardly knows it
    from (
      select g.*, sum(usd) filter (where not final)
        over (partition by user_id, own_key order by reservation, number) as sum_usd
      from given g
    ) g
    on conflict do nothing
    returning c.*
  ),
  learnt as (
    insert into ai_prices as known (model, usd_per_token, usd_per_request)
    select r.model, r.usd_per_token, r.usd_per_request
    from (
      select model, sum(usd) / nullif(sum(prompt_tokens + completion_tokens), 0) as usd_per_token,
             avg(usd) as usd_per_request
      from recorded
      where final and usd > 0 and not own_key
      group by model
      order by model
    ) r
    where not exists (
      select from ai_prices p
      where p.model in (r.model, split_part(r.model, ':', 1)) and p.prompt_usd is not null
    )
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
  ),
  days as (
    insert into ai_user_days as sums (
      user_id, day, model, own_key, requests, prompt_tokens, completion_tokens, usd, unconfirmed_usd
    )
    select user_id, today, model, own_key, sum((number = 0)::integer), sum(prompt_tokens),
           sum(completion_tokens), sum(usd), coalesce(sum(usd) filter (where not final), 0)
    from recorded
    group by user_id, model, own_key
    on conflict (user_id, day, model, own_key) do update set
      requests = sums.requests + excluded.requests,
      prompt_tokens = sums.prompt_tokens + excluded.prompt_tokens,
      completion_tokens = sums.completion_tokens + excluded.completion_tokens,
      usd = sums.usd + excluded.usd,
      unconfirmed_usd = sums.unconfirmed_usd + excluded.unconfirmed_usd
  ),
  totals as (
    update ai_user_totals t
    set held_tokens = t.held_tokens - d.held_tokens,
        held_usd = t.held_usd - d.held_usd,
        day_tokens = t.day_tokens + d.tokens,
        day_usd = t.day_usd + d.usd,
        month_usd = t.month_usd + d.usd,
        day_unconfirmed_usd = t.day_unconfirmed_usd + d.unconfirmed_usd,
        month_unconfirmed_usd = t.month_unconfirmed_usd + d.unconfirmed_usd
    from (
      select user_id, sum(held_tokens) as held_tokens, sum(held_usd) as held_usd,
             sum(tokens) as tokens, sum(usd) as usd, sum(unconfirmed_usd) as unconfirmed_usd
      from (
        select user_id, held_tokens, held_usd, 0 as tokens, 0 as usd, 0 as unconfirmed_usd from gone
        union all
        select user_id, 0, 0, prompt_tokens + completion_tokens, usd,
               case when final then 0 else project_usd end
        from recorded where not own_key
      ) d
      group by user_id
    ) d
    where t.user_id = d.user_id
  )
  select (select coalesce(sum(held_usd), 0) from gone), array_agg(row(
    null, today, null, false, requests, prompt_tokens, completion_tokens, null, null, usd, null
  )::ai_change)
  into released, changes
  from (
    select sum((number = 0)::integer) as requests, sum(prompt_tokens) as prompt_tokens,
           sum(completion_tokens) as completion_tokens, sum(project_usd) as usd
    from recorded
    where not own_key
    having count(*) > 0
  ) r;
end
$$;

-- What each reservation may cost at most, and the user's own key where that pays, in their order.
create function ai_price_reservations(reservations jsonb)
returns table (
  id uuid, user_id text, slug text, model text, tokens bigint, counts boolean, usd numeric, key text
) language sql stable as $$
  select r.id, r.user_id, r.slug, r.model, r.tokens, coalesce(r.counts, true),
         coalesce(r.usd, coalesce(r.extra_usd, 0) + (
           select coalesce(sum(p.usd), 0)
           from ai_parts(r.parts, r.prompt_usd, r.completion_usd) p
         )),
         case when r.use_key then (
           select k.key from ai_user_keys k where k.user_id = r.user_id
         ) end
  from rows from (jsonb_to_recordset(ai_price_reservations.reservations) as (
    id uuid, user_id text, slug text, model text, tokens bigint, counts boolean, use_key boolean,
    usd numeric, extra_usd numeric, prompt_usd numeric, completion_usd numeric, parts jsonb
  )) with ordinality as r (
    id, user_id, slug, model, tokens, counts, use_key, usd, extra_usd, prompt_usd, completion_usd,
    parts, n
  )
  order by r.n
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
  -- For how many requests a timestamp in `recent` stands, and how many timestamps are of interest.
  per_time integer := greatest(1, ceil(per_minute / 60.0));
  times integer := ceil(per_minute / per_time::numeric);
  day_tokens bigint := (limits ->> 'user_tokens_per_day')::bigint;
  day_usd numeric := (limits ->> 'user_usd_per_day')::numeric;
  month_usd numeric := (limits ->> 'user_usd_per_month')::numeric;
  project_day numeric := (limits ->> 'project_usd_per_day')::numeric;
  project_month numeric := (limits ->> 'project_usd_per_month')::numeric;
  limits_project boolean := project_day is not null or project_month is not null;
  free_key text := concat_ws('|', today, project_day, project_month);

  most_usd numeric := least(day_usd, month_usd, project_day / 4, project_month / 4);

  asked ai_reservations[];
  counts boolean[]; -- for the limit per minute
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
  select array_agg(row(
           p.id, p.user_id, p.slug, p.model, false, p.tokens, p.usd, at
         )::ai_reservations),
         array_agg(p.counts), array_agg(p.key),
         -- What no limit could ever admit needs nothing.
         sum(p.usd) filter (where p.key is null and p.usd <= coalesce(most_usd, p.usd)),
         min(p.usd) filter (where p.key is null and p.usd <= coalesce(most_usd, p.usd)),
         array_agg(case when p.key is not null then jsonb_build_object('key', p.key) end),
         array_agg(false)
  into asked, counts, keys, need, least_need, decisions, granted
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
    select r.n, r.user_id, r.held_tokens as tokens, r.held_usd as usd, counts[r.n] as counts,
           t as totals
    from unnest(asked) with ordinality
      as r (id, user_id, slug, model, own_key, held_tokens, held_usd, created_at, n)
    join ai_user_totals t on t.user_id = r.user_id
    where keys[r.n] is null and not exists (select from ai_reservations x where x.id = r.id)
    order by r.user_id, r.n
  loop
    if totals.user_id is distinct from item.user_id then
      totals := item.totals;
      started := 0;
      share_usd := least(
        project_day / 4 - totals.day_unconfirmed_usd,
        project_month / 4 - totals.month_unconfirmed_usd
      );
    end if;
    minute_ends := null;
    if per_minute is not null and item.counts then
      place := cardinality(totals.recent)
        - (per_minute - 1 - totals.recent_open - started) / per_time;
      if totals.recent_open + started >= per_minute then
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
    select r.id, r.user_id, r.slug, r.model, r.own_key, r.held_tokens, r.held_usd, r.created_at
    from unnest(asked) with ordinality
      as r (id, user_id, slug, model, own_key, held_tokens, held_usd, created_at, n)
    where granted[r.n];

    update ai_user_totals t
    set held_tokens = t.held_tokens + g.tokens,
        held_usd = t.held_usd + g.usd,
        recent = case
          when per_minute is null then '{}'
          else (t.recent || array_fill(at, array[(t.recent_open + g.started) / per_time]))[
            greatest(1, cardinality(t.recent) + (t.recent_open + g.started) / per_time - times + 1):
          ]
        end,
        recent_open = case
          when per_minute is null then 0 else (t.recent_open + g.started) % per_time
        end
    from (
      select r.user_id, sum(r.held_tokens) as tokens, sum(r.held_usd) as usd,
             count(*) filter (where counts[r.n])::integer as started
      from unnest(asked) with ordinality
        as r (id, user_id, slug, model, own_key, held_tokens, held_usd, created_at, n)
      where granted[r.n]
      group by r.user_id
    ) g
    where t.user_id = g.user_id;
  end if;
  return decisions;
end
$$;

-- Takes the reservations and the settlements that wait in a process, as before. Locks are taken in one
-- order: users, charges, prices, charges to look up, then rows of the project; sorted within each.
create or replace function ai_commit(
  limits jsonb, reservations jsonb, ended jsonb, charges jsonb, without_prices boolean default false
) returns jsonb language plpgsql
set search_path = pg_catalog, public, pg_temp set lock_timeout = '1s'
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  shard integer := pg_backend_pid() % 32;
  is_limited boolean := limits <> '{}' and jsonb_array_length(reservations) > 0;
  is_settling boolean := jsonb_array_length(ended) > 0 or jsonb_array_length(charges) > 0;
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
    if is_settling or releases is not null then
      select * into released, changes from ai_record(releases, users, charges, limits, today);
    end if;
    if is_settling then
      look_ups := ai_claim_of(users); -- locks charges, so before the project's rows
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
      select jsonb_agg(case when p.key is not null then jsonb_build_object('key', p.key) end)
      from ai_price_reservations(reservations) p
    ));
  end if;
  return jsonb_build_object(
    'decisions', coalesce(decisions, '[]'), 'look_ups', look_ups,
    'prices_due', ai_prices_due(prices)
  );
end
$$;

-- Hands out charges of all users to be looked up, and removes what is no longer needed, as before. The
-- rows of the project are locked last here, too.
create or replace function ai_sweep(max integer) returns jsonb language plpgsql
set search_path = pg_catalog, public, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
#variable_conflict use_column
declare
  users text[];
  expired uuid[];
  today date;
  released numeric;
  look_ups jsonb;
begin
  select array_agg(distinct r.user_id order by r.user_id), array_agg(r.id) into users, expired
  from ai_reservations r
  where r.created_at <= now() - interval '10 minutes';
  if users is not null then
    today := ai_lock_users(users);
    released := ai_release(expired, users);
  end if;
  delete from ai_charges where day < ai_today() - 90;
  delete from ai_user_days where day < ai_today() - 400;
  delete from ai_project_days where day < ai_today() - 400;
  select coalesce(jsonb_agg(jsonb_build_object(
    'generation_id', c.generation_id, 'model', c.model, 'user_id', c.user_id, 'key', k.key
  )), '[]')
  into look_ups
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
  where not c.own_key or k.key is not null;
  if users is not null then
    perform ai_add_up_project(null, released, pg_backend_pid() % 32, today);
  end if;
  return look_ups;
end
$$;

-- New functions may be called by everybody; these by the project's API key alone.
revoke execute on function ai_parts, ai_record, ai_price_reservations, ai_admit
  from public, anon, authenticated;
