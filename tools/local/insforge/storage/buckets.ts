/** The administration of buckets. */

import { Hono } from "hono";
import * as z from "zod/mini";
import { parseBody, type RequestBody } from "../body.ts";
import type { Callers } from "../caller.ts";
import type { Database, Value } from "../database.ts";
import { Refusal } from "../refusal.ts";
import type { ObjectFiles, ObjectName } from "./object_files.ts";

const NewBucket = z.object({
  bucketName: z.string().check(z.minLength(1, "Bucket name cannot be empty")),
  isPublic: z._default(z.boolean(), true),
});
const Visibility = z.object({ isPublic: z.boolean() });

/** What the routes of storage need. */
export interface StorageServices {
  database: Database;
  callers: Callers;
  files: ObjectFiles;
}

/** Creates the routes for buckets. Deleting a bucket deletes its objects. */
export function createBucketRoutes(
  { database, callers, files }: StorageServices,
): Hono<RequestBody> {
  const routes = new Hono<RequestBody>();
  const query = <Row>(text: string, values: Value[] = []) =>
    database.asOwner((session) => session.query<Row>(text, values));

  routes.get("/buckets", async (context) => {
    await callers.requireAdmin(context.req.raw);
    return context.json(
      await query(
        'select name, public, created_at as "createdAt" from storage.buckets order by name',
      ),
    );
  });

  routes.post("/buckets", async (context) => {
    await callers.requireAdmin(context.req.raw);
    const { bucketName, isPublic } = parseBody(NewBucket, context.var.body, invalid("Create"));
    requireBucketName(bucketName, "Please check the bucket name, it must be a valid bucket name");
    const made = await query(
      "insert into storage.buckets (name, public) values ($1, $2) on conflict do nothing returning name",
      [bucketName, isPublic],
    );
    if (made.length === 0) {
      const message = `Bucket "${bucketName}" already exists`;
      throw new Refusal(409, "STORAGE_ALREADY_EXISTS", message);
    }
    const access = isPublic
      ? "This is a PUBLIC bucket - objects can be accessed without authentication."
      : "This is a PRIVATE bucket - authentication is required to access objects.";
    const nextActions =
      `${access} You can use /api/storage/buckets/:bucketName/objects/:objectKey to upload an object to the bucket, and /api/storage/buckets/:bucketName/objects to list the objects in the bucket.`;
    return context.json(
      { message: "Bucket created successfully", bucketName, isPublic, nextActions },
      201,
    );
  });

  routes.patch("/buckets/:bucket", async (context) => {
    await callers.requireAdmin(context.req.raw);
    const { isPublic } = parseBody(Visibility, context.var.body, invalid("Update"));
    const bucket = context.req.param("bucket");
    const changed = await query(
      "update storage.buckets set public = $1, updated_at = now() where name = $2 returning name",
      [isPublic, bucket],
    );
    if (changed.length === 0) throw unknownBucket(bucket);
    const nextActions = isPublic
      ? "Bucket is now PUBLIC - objects can be accessed without authentication."
      : "Bucket is now PRIVATE - authentication is required to access objects.";
    return context.json({ message: "Bucket visibility updated", bucket, isPublic, nextActions });
  });

  routes.delete("/buckets/:bucket", async (context) => {
    await callers.requireAdmin(context.req.raw);
    const bucket = requireBucketName(context.req.param("bucket"));
    const objects = await database.asOwner(async (session) => {
      const objects = await session.query<ObjectName>(
        "select bucket, key from storage.objects where bucket = $1",
        [bucket],
      );
      const deleted = await session.query(
        "delete from storage.buckets where name = $1 returning name",
        [bucket],
      );
      if (deleted.length > 0) return objects;
      throw new Refusal(404, "STORAGE_NOT_FOUND", "Bucket not found or already empty");
    });
    await Promise.all(objects.map((object) => files.remove(object)));
    return context.json({
      message: "Bucket deleted successfully",
      nextActions:
        "You can use POST /api/storage/buckets to create a new bucket, and GET /api/storage/buckets/:bucketName/objects to list the objects in the bucket.",
    });
  });

  return routes;
}

/** Returns a valid bucket name. @throws {Refusal} 400 `STORAGE_INVALID_PARAMETER` */
export function requireBucketName(name: string, nextActions?: string): string {
  if (/^[a-zA-Z0-9_-]+$/.test(name)) return name;
  const message = "Invalid bucket name. Use only letters, numbers, hyphens, and underscores.";
  throw new Refusal(400, "STORAGE_INVALID_PARAMETER", message, nextActions);
}

/** Creates the error for a missing bucket: 404 `STORAGE_NOT_FOUND`. */
export function unknownBucket(name: string): Refusal {
  return new Refusal(404, "STORAGE_NOT_FOUND", `Bucket "${name}" does not exist`);
}

function invalid(schema: "Create" | "Update") {
  return {
    code: "STORAGE_INVALID_PARAMETER",
    nextActions:
      `Please check the request body, it must conform with the ${schema}BucketRequest schema.`,
  };
}
