/** The accounts of a project, in `auth.users`. */

import type { Database, Value } from "./database.ts";
import { hashPassword, passwordMatches } from "./passwords.ts";
import { isDatabaseError, Refusal } from "./refusal.ts";

/** A user as InsForge's API returns it. */
export interface User {
  id: string;
  email: string;
  emailVerified: boolean;
  createdAt: string;
  updatedAt: string;
  providers: string[];
  profile: Record<string, unknown>;
  metadata: Record<string, unknown>;
}

/** The part of a user that is public. */
export type Profile = Pick<User, "id" | "profile">;

interface Row {
  id: string;
  email: string;
  password: string | null;
  email_verified: boolean;
  profile: Record<string, unknown>;
  metadata: Record<string, unknown>;
  created_at: Date;
  updated_at: Date;
}

/** Reads and writes accounts. E-mail addresses are expected in lower case. */
export interface Accounts {
  /** @throws {Refusal} 409 `AUTH_EMAIL_EXISTS` */
  create(
    account: { email: string; password: string; name?: string; emailVerified: boolean },
  ): Promise<User>;
  /** @throws {Refusal} 401 `AUTH_UNAUTHORIZED`, the same for an unknown user and a wrong password */
  signIn(email: string, password: string): Promise<User>;
  find(id: string): Promise<User | undefined>;
  /** Newest first. `search` is part of the e-mail address or the name. */
  list(page: { limit: number; offset: number; search?: string }): Promise<[User[], number]>;
  /** Adds fields to the profile and keeps all others. @throws {Refusal} 404 `AUTH_USER_NOT_FOUND` */
  mergeProfile(id: string, profile: Record<string, unknown>): Promise<Profile>;
  /** Returns the number of accounts that were deleted. */
  delete(ids: string[]): Promise<number>;
}

/** Creates the access to the accounts in `database`. */
export function createAccounts(database: Database): Accounts {
  const query = (text: string, values: Value[] = []) =>
    database.asOwner((session) => session.query<Row>(text, values));

  return {
    create: async ({ email, password, name, emailVerified }) => {
      const profile = JSON.stringify(name === undefined ? {} : { name });
      const hash = await hashPassword(password);
      try {
        const [row] = await query(
          `insert into auth.users (email, password, profile, email_verified)
           values ($1, $2, $3, $4) returning *`,
          [email, hash, profile, emailVerified],
        );
        return toUser(row!);
      } catch (error) {
        if (isDatabaseError(error) && error.code === "23505") {
          throw new Refusal(409, "AUTH_EMAIL_EXISTS", "User already exists");
        }
        throw error;
      }
    },

    signIn: async (email, password) => {
      const [row] = await query("select * from auth.users where email = $1", [email]);
      if (!row?.password || !(await passwordMatches(password, row.password))) {
        throw new Refusal(401, "AUTH_UNAUTHORIZED", "Invalid credentials");
      }
      return toUser(row);
    },

    find: async (id) => {
      const [row] = await query("select * from auth.users where id = $1", [id]);
      return row && toUser(row);
    },

    list: async ({ limit, offset, search = "" }) => {
      const matching =
        "from auth.users where strpos(email || ' ' || coalesce(profile ->> 'name', ''), $1) > 0";
      return await database.asOwner(async (session) => {
        const rows = await session.query<Row>(
          `select * ${matching} order by created_at desc limit $2 offset $3`,
          [search, limit, offset],
        );
        const [count] = await session.query<{ total: number }>(
          `select count(*) as total ${matching}`,
          [search],
        );
        return [rows.map(toUser), count!.total];
      });
    },

    mergeProfile: async (id, profile) => {
      const [row] = await query(
        `update auth.users set profile = profile || $1, updated_at = now()
         where id = $2 returning *`,
        [JSON.stringify(profile), id],
      );
      if (!row) throw new Refusal(404, "AUTH_USER_NOT_FOUND", "User not found");
      return { id: row.id, profile: row.profile };
    },

    delete: async (ids) => {
      const rows = await query(
        "delete from auth.users where id in (select value::uuid from json_array_elements_text($1)) returning *",
        [JSON.stringify(ids)],
      );
      return rows.length;
    },
  };
}

function toUser(row: Row): User {
  return {
    id: row.id,
    email: row.email,
    emailVerified: row.email_verified,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    providers: row.password === null ? [] : ["email"],
    profile: row.profile,
    metadata: row.metadata,
  };
}
