-- Videos that users have ordered, one row per job at OpenRouter. Only the facts are here: the videos
-- themselves stay with OpenRouter, or are copied to storage.
--
-- `user_id` is text because the ids of third-party sign-in need not be UUIDs. `gateway_id` is OpenRouter's
-- id of the job. `reservation` and `charge` name the ledger's charge of the job, which is an estimate
-- until the job has ended.

create table ai_videos (
  id uuid primary key,
  user_id text not null,
  slug text not null,
  model text not null,
  request jsonb not null, -- what was ordered: prompt, duration, size and the like, without images
  status text not null default 'pending' check (
    status in ('pending', 'in_progress', 'completed', 'failed', 'cancelled', 'expired')
  ),
  error text,
  videos smallint not null default 0, -- how many there are
  usd numeric, -- null until it is known
  gateway_id text not null,
  generation_id text,
  own_key boolean not null, -- whether the user's own OpenRouter account pays
  reservation uuid not null,
  charge smallint not null,
  save jsonb, -- the bucket and the prefix, when the videos are to be copied
  saved jsonb, -- the copies, when all are made
  save_error jsonb,
  save_tries smallint not null default 0,
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  next_poll_at timestamptz, -- null when nothing is left to do
  leased_until timestamptz not null default '-infinity'
);

create index ai_videos_user on ai_videos (user_id, created_at desc, id);
create index ai_videos_gateway on ai_videos (gateway_id);
create index ai_videos_due on ai_videos (next_poll_at) where next_poll_at is not null;

-- Users read their own rows. Only the project's API key writes: a user who could change
-- `gateway_id` could read the videos of others.
alter table ai_videos enable row level security;
revoke all on ai_videos from public, anon, authenticated;
grant select on ai_videos to authenticated;
create policy "owners read their videos" on ai_videos for select to authenticated
  using (user_id = (select auth.jwt() ->> 'sub'));

-- Adds a job that OpenRouter has accepted. Sent twice, it counts once.
create function ai_add_video(video jsonb) returns ai_videos
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  added ai_videos;
begin
  insert into ai_videos (
    id, user_id, slug, model, request, status, gateway_id, generation_id, own_key, reservation, charge,
    save, next_poll_at
  )
  select v.id, v.user_id, left(v.slug, 200), left(v.model, 200), v.request, v.status,
         left(v.gateway_id, 200), left(v.generation_id, 200), v.own_key, v.reservation, v.charge,
         v.save, now() + interval '15 seconds'
  from jsonb_populate_record(null::ai_videos, video) v
  on conflict (id) do nothing;
  select * into added from ai_videos v where v.id = (video ->> 'id')::uuid;
  return added;
end
$$;

-- Hands out jobs for a minute each, unless another process has one: the job with this id, or with this
-- id at OpenRouter, or at most `max` jobs that are due. Gives them with the user's own key, sealed as it
-- is stored, where that pays.
create function ai_claim_videos(id uuid, gateway_id text, max integer) returns jsonb
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
#variable_conflict use_column
declare
  jobs jsonb;
begin
  with due as (
    select v.id from ai_videos v
    where v.next_poll_at is not null and v.leased_until <= now()
      and case
        when ai_claim_videos.id is not null then v.id = ai_claim_videos.id
        when ai_claim_videos.gateway_id is not null then v.gateway_id = ai_claim_videos.gateway_id
        else v.next_poll_at <= now()
      end
    order by v.next_poll_at
    limit ai_claim_videos.max
    for update skip locked
  ),
  claimed as (
    update ai_videos v set leased_until = now() + interval '60 seconds'
    from due where v.id = due.id
    returning v.*
  )
  select coalesce(jsonb_agg(to_jsonb(c) || jsonb_build_object('key', k.key)), '[]') into jobs
  from claimed c left join ai_user_keys k on c.own_key and k.user_id = c.user_id;
  return jobs;
end
$$;

-- Records what a job has become, and ends its lease. A job that has ended keeps its status, and it is
-- charged in the same transaction: once, however many processes ask at the same time.
--
-- `status` is null when OpenRouter did not tell; `usd` is what an ended job costs, null when that is
-- not known; `generation_id` is where the ledger then looks the cost up. `saved` or `save_error` ends
-- the copying; `save_failed` counts a try.
create function ai_update_video(id uuid, changes jsonb) returns ai_videos
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
#variable_conflict use_column
declare
  change ai_videos := jsonb_populate_record(null::ai_videos, changes);
  video ai_videos;
  is_ending boolean;
  is_copied boolean; -- whether its videos are to be copied still
begin
  select v.* into video from ai_videos v where v.id = ai_update_video.id for update;
  if not found then
    return null;
  end if;
  is_ending := video.ended_at is null
    and change.status in ('completed', 'failed', 'cancelled', 'expired');
  if video.ended_at is null then
    video.status := coalesce(change.status, video.status);
    video.generation_id := coalesce(left(change.generation_id, 200), video.generation_id);
    video.error := left(change.error, 500);
  end if;
  if is_ending then
    video.ended_at := now();
    video.videos := coalesce(change.videos, 0);
    video.usd := case when change.usd is not null then greatest(change.usd, 0) end;
    perform ai_charge_video(video);
  end if;
  video.saved := coalesce(change.saved, video.saved);
  video.save_error := coalesce(change.save_error, video.save_error);
  video.save_tries := video.save_tries
    + case when (changes ->> 'save_failed')::boolean then 1 else 0 end;
  is_copied := video.status = 'completed' and video.save is not null
    and video.saved is null and video.save_error is null;
  -- Who ends a job copies its videos, under the same lease. Otherwise the lease ends in a second, so
  -- that OpenRouter is asked no more often than that, however often the owner asks.
  if not (is_ending and is_copied) then
    video.leased_until := now() + interval '1 second';
  end if;
  video.next_poll_at := case
    -- Often at first, then more and more rarely: after a quarter of its age, and every 10 minutes.
    when video.ended_at is null then now()
      + least(greatest((now() - video.created_at) / 4, interval '15 seconds'), interval '10 minutes')
    when is_copied then now() + interval '15 seconds' * (1 << least(video.save_tries, 10))
  end;
  update ai_videos v set
    status = video.status, error = video.error, videos = video.videos, usd = video.usd,
    generation_id = video.generation_id, saved = video.saved, save_error = video.save_error,
    save_tries = video.save_tries, ended_at = video.ended_at,
    next_poll_at = video.next_poll_at, leased_until = video.leased_until
  where v.id = video.id;
  return video;
end
$$;

-- Charges a job that has ended: replaces the estimate of its start, or takes its place if that was not
-- recorded. Without a known cost the estimate stands, and the ledger looks the generation up.
create function ai_charge_video(video ai_videos) returns void
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  name text := coalesce(video.generation_id, video.gateway_id);
begin
  if video.usd is null then
    update ai_charges c set generation_id = name, next_try_at = now()
    where c.reservation = video.reservation and c.number = video.charge
      and not c.final and c.generation_id is null;
    return;
  end if;
  perform ai_commit('{}', '[]', '[]', jsonb_build_array(jsonb_build_object(
    'reservation', video.reservation, 'number', video.charge, 'user_id', video.user_id,
    'slug', video.slug, 'model', video.model, 'own_key', video.own_key, 'generation_id', name,
    'prompt_tokens', 0, 'completion_tokens', 0, 'usd', video.usd, 'final', true
  )));
  update ai_charges c set generation_id = name
  where c.reservation = video.reservation and c.number = video.charge
    and not c.final and c.generation_id is null;
  if found then
    perform ai_reconcile(jsonb_build_array(jsonb_build_object(
      'generation_id', name, 'prompt_tokens', 0, 'completion_tokens', 0, 'usd', video.usd
    )));
  end if;
end
$$;

-- New functions may be called by everybody; these by the project's API key alone.
revoke execute on function ai_add_video, ai_claim_videos, ai_update_video, ai_charge_video
  from public, anon, authenticated;
