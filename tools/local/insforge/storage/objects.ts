/** Objects: rows of `storage.objects`, which policies protect, and the stored bytes. */

import { createHash } from "node:crypto";
import type { Database, Identity, Session } from "../database.ts";
import { isDatabaseError, Refusal } from "../refusal.ts";
import { requireBucketName, unknownBucket } from "./buckets.ts";
import { safeMediaType } from "./media_type.ts";
import type { ObjectFiles, ObjectName } from "./object_files.ts";

/** A row of `storage.objects`. */
export interface StoredObject extends ObjectName {
  size: number;
  mime_type: string | null;
  uploaded_at: Date;
  uploaded_by: string | null;
  uploaded_via: string;
  s3_access_key_id: string | null;
  /** MD5 of the bytes. */
  etag: string | null;
}

/** Which page of a bucket's objects to list, ordered by key. */
export interface Listing {
  prefix?: string;
  search?: string;
  limit: number;
  offset: number;
}

/** Reads and writes objects as a caller. `everyone` is a reader of a public bucket. */
export interface Objects {
  put(caller: Identity, name: ObjectName, file: File): Promise<StoredObject>;
  /** @throws {Refusal} when `caller` is not allowed to write this object */
  probe(caller: Identity, name: ObjectName): Promise<void>;
  /** @throws {Refusal} 404 `STORAGE_NOT_FOUND` when `caller` can see no such object */
  find(caller: Identity | "everyone", name: ObjectName): Promise<StoredObject>;
  read(object: StoredObject): Promise<Uint8Array<ArrayBuffer>>;
  list(caller: Identity, bucket: string, listing: Listing): Promise<[StoredObject[], number]>;
  /** Returns the keys of the deleted objects. */
  delete(caller: Identity, bucket: string, keys: string[]): Promise<string[]>;
  isPublic(bucket: string): Promise<boolean>;
}

/** Creates the access to objects with rows in `database` and bytes in `files`. */
export function createObjects(
  { database, files }: { database: Database; files: ObjectFiles },
): Objects {
  function act<T>(caller: Identity | "everyone", work: (session: Session) => Promise<T>) {
    const trusted = caller === "everyone" || caller.role === "project_admin";
    return trusted ? database.asOwner(work) : database.as(caller, work);
  }

  return {
    put: async (caller, name, file) => {
      checkName(name);
      const bytes = new Uint8Array(await file.arrayBuffer());
      const object: StoredObject = {
        ...name,
        size: bytes.length,
        mime_type: safeMediaType(bytes, file.type),
        uploaded_at: new Date(),
        uploaded_by: caller.sub ?? null,
        uploaded_via: "rest",
        s3_access_key_id: null,
        etag: createHash("md5").update(bytes).digest("hex"),
      };
      await act(caller, async (session) => {
        await upsert(session, object);
        await files.write(name, bytes);
      });
      return object;
    },

    probe: async (caller, name) => {
      requireBucketName(name.bucket);
      const [bucket] = await database.asOwner((session) =>
        session.query("select name from storage.buckets where name = $1", [name.bucket])
      );
      if (!bucket) throw unknownBucket(name.bucket);
      checkName(name);
      await act(caller, async (session) => {
        await session.exec("savepoint probe");
        await upsert(session, {
          ...name,
          size: 0,
          mime_type: null,
          uploaded_at: new Date(),
          uploaded_by: caller.sub ?? null,
          etag: null,
        });
        await session.exec("rollback to savepoint probe");
      });
    },

    find: async (caller, name) => {
      checkName(name);
      const [object] = await act(caller, (session) =>
        session.query<StoredObject>(
          "select * from storage.objects where bucket = $1 and key = $2",
          [name.bucket, name.key],
        ));
      if (!object) throw unknownObject();
      return object;
    },

    read: async (object) => {
      const bytes = await files.read(object);
      if (!bytes) throw unknownObject();
      return bytes;
    },

    list: async (caller, bucket, { prefix = "", search = "", limit, offset }) => {
      const matching =
        "from storage.objects where bucket = $1 and starts_with(key, $2) and strpos(key, $3) > 0";
      const values = [requireBucketName(bucket), prefix, search.trim()];
      return await act(caller, async (session) => {
        const rows = await session.query<StoredObject>(
          `select * ${matching} order by key limit $4 offset $5`,
          [...values, limit, offset],
        );
        const [count] = await session.query<{ total: number }>(
          `select count(*) as total ${matching}`,
          values,
        );
        return [rows, count!.total];
      });
    },

    delete: async (caller, bucket, keys) => {
      keys.forEach((key) => checkName({ bucket, key }));
      const deleted = await act(caller, (session) =>
        session.query<ObjectName>(
          `delete from storage.objects where bucket = $1
             and key in (select json_array_elements_text($2)) returning bucket, key`,
          [bucket, JSON.stringify(keys)],
        ));
      await Promise.all(deleted.map((object) => files.remove(object)));
      return deleted.map(({ key }) => key);
    },

    isPublic: async (bucket) => {
      const [row] = await database.asOwner((session) =>
        session.query("select from storage.buckets where name = $1 and public", [bucket])
      );
      return row !== undefined;
    },
  };
}

/**
 * Creates or replaces the row, under the policies. The first uploader stays the owner.
 *
 * @throws {Refusal} 403 `STORAGE_PERMISSION_DENIED`
 */
async function upsert(
  session: Session,
  { bucket, key, size, mime_type, uploaded_at, uploaded_by, etag }: Omit<
    StoredObject,
    "uploaded_via" | "s3_access_key_id"
  >,
): Promise<void> {
  try {
    await session.query(
      `insert into storage.objects (bucket, key, size, mime_type, uploaded_at, uploaded_by, etag)
       values ($1, $2, $3, $4, $5, $6, $7)
       on conflict (bucket, key) do update set
         size = excluded.size, mime_type = excluded.mime_type, uploaded_via = excluded.uploaded_via,
         uploaded_at = excluded.uploaded_at, etag = excluded.etag`,
      [bucket, key, size, mime_type, uploaded_at, uploaded_by, etag],
    );
  } catch (error) {
    if (!isDatabaseError(error) || error.code !== "42501") throw error;
    const message = `You do not have permission to write "${key}" in bucket "${bucket}"`;
    throw new Refusal(403, "STORAGE_PERMISSION_DENIED", message);
  }
}

function checkName({ bucket, key }: ObjectName): void {
  requireBucketName(bucket);
  if (!key.includes("..") && !key.startsWith("/")) return;
  const message = 'Invalid key. Cannot use ".." or start with "/"';
  throw new Refusal(400, "STORAGE_INVALID_PARAMETER", message);
}

function unknownObject(): Refusal {
  return new Refusal(404, "STORAGE_NOT_FOUND", "Object not found");
}
