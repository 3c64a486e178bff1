-- OpenRouter keys that users bring themselves. `key` is ciphertext: what decrypts it is a secret of
-- the functions and never comes here. `user_id` is text because the subs of third-party sign-in are
-- no UUIDs; it refers to nothing for the same reason.

create table ai_user_keys (
  user_id text primary key,
  key text not null,
  label text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- Row-level security without a policy, and no grants: InsForge gives every new table to anon and
-- authenticated. Only the project's API key reaches it.
alter table ai_user_keys enable row level security;
revoke all on ai_user_keys from public, anon, authenticated;

create trigger ai_user_keys_updated_at before update on ai_user_keys
  for each row execute function system.update_updated_at();
