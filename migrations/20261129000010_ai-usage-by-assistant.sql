-- Usage by assistant. A charge names its assistant in `slug`, after the function: `chat:support`. Charges
-- are kept for 90 days and corrected in place, so the sums below need no table of their own.

create index ai_charges_assistant on ai_charges (user_id, day) where slug like '%:%';

-- What a user has used: today and this month as limits count it, and 31 days by model and by assistant.
-- Each sum says how much of it no record of the gateway confirms yet.
create or replace function ai_usage(user_id text) returns jsonb
language sql stable set search_path = pg_catalog, public, pg_temp as $$
  with days as (
    select d.* from ai_user_days d
    where d.user_id = ai_usage.user_id and d.day > ai_today() - 31
  ),
  assistants as (
    select c.day, split_part(c.slug, ':', 2) as assistant, c.own_key,
           count(*) filter (where c.number = 0) as requests,
           sum(c.prompt_tokens) as prompt_tokens,
           sum(c.completion_tokens) as completion_tokens,
           sum(c.usd) as usd,
           coalesce(sum(c.usd) filter (where not c.final), 0) as unconfirmed_usd
    from ai_charges c
    where c.user_id = ai_usage.user_id and c.day > ai_today() - 31 and c.slug like '%:%'
    group by c.day, split_part(c.slug, ':', 2), c.own_key
  )
  select jsonb_object_agg(span.name, to_jsonb(sums)) || jsonb_build_object(
    'days', coalesce(
      (select jsonb_agg(to_jsonb(d) - 'user_id' order by d.day desc, d.model, d.own_key) from days d),
      '[]'
    ),
    'assistants', coalesce(
      (select jsonb_agg(to_jsonb(a) order by a.day desc, a.assistant, a.own_key) from assistants a),
      '[]'
    )
  )
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
