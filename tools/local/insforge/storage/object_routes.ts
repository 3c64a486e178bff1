/** Objects over HTTP: upload, download, list and delete, and the strategies for the first two. */

import { type Context, Hono } from "hono";
import { createHash } from "node:crypto";
import * as z from "zod/mini";
import { parseBody, type RequestBody } from "../body.ts";
import type { Callers } from "../caller.ts";
import type { Identity } from "../database.ts";
import { Refusal } from "../refusal.ts";
import type { Objects, StoredObject } from "./objects.ts";
import { OPAQUE } from "./media_type.ts";

const MAX_OBJECT_MEGABYTES = 50;
const MAX_OBJECT_BYTES = MAX_OBJECT_MEGABYTES * 1024 * 1024;
const INVALID = "STORAGE_INVALID_PARAMETER";

const Upload = z.object({
  filename: z.string().check(z.minLength(1, "Filename cannot be empty")),
  contentType: z.optional(z.string()),
  size: z.optional(z.number()),
});
const Deletion = z.object({
  keys: z.array(z.string().check(z.minLength(1, "Object key cannot be empty"))).check(
    z.minLength(1, "At least one object key is required"),
    z.maxLength(1000, "Cannot delete more than 1000 objects at once"),
  ),
});

const LIST_ADVICE =
  "You can use PUT /api/storage/buckets/:bucketName/objects/:objectKey to create or replace a specific key, POST /api/storage/buckets/:bucketName/objects to upload with an auto-generated key, and GET /api/storage/buckets/:bucketName/objects/:objectKey to download an object.";

/**
 * Creates the routes for objects.
 *
 * @param baseUrl returns the URL at which clients reach this backend.
 */
export function createObjectRoutes(
  { objects, callers, baseUrl }: { objects: Objects; callers: Callers; baseUrl: () => string },
): Hono<RequestBody> {
  const routes = new Hono<RequestBody>();
  const all = "/buckets/:bucket/objects";
  const one = `${all}/:key{.+}`;

  const toUrl = ({ bucket, key }: { bucket: string; key: string }) =>
    `${baseUrl()}/api/storage/buckets/${bucket}/objects/${encodeURIComponent(key)}`;
  const toVersionedUrl = (object: StoredObject) => `${toUrl(object)}?v=${object.etag}`;

  /** Returns who reads. A public bucket needs no credential. */
  async function readerOf(context: Context, bucket: string): Promise<Identity | "everyone"> {
    if (await objects.isPublic(bucket)) return "everyone";
    return await callers.requireCaller(context.req.raw);
  }

  async function downloadStrategy(context: Context<RequestBody>, key: string): Promise<Response> {
    const bucket = context.req.param("bucket")!;
    const object = await objects.find(await readerOf(context, bucket), { bucket, key });
    const { expiresIn } = context.var.body as Record<string, unknown>;
    const seconds = context.req.query("expiresIn") ?? expiresIn ?? 0;
    if (!Number.isFinite(Number(seconds))) {
      throw new Refusal(400, INVALID, "expiresIn must be a finite number of seconds");
    }
    context.header("Cache-Control", "no-store");
    return context.json({ method: "direct", url: toVersionedUrl(object) });
  }

  async function put(context: Context, key: (file: File) => string, status: 200 | 201) {
    const caller = await callers.requireCaller(context.req.raw);
    const file = await readFile(context.req.raw);
    const name = { bucket: context.req.param("bucket")!, key: key(file) };
    const object = await objects.put(caller, name, file);
    return context.json({ ...name, ...describe(object), url: toVersionedUrl(object) }, status);
  }

  routes.get(all, async (context) => {
    const caller = await callers.requireCaller(context.req.raw);
    const { prefix, search, ...page } = context.req.query();
    const limit = Math.min(Math.max(1, parseInt(page.limit ?? "") || 100), 1000);
    const offset = Math.max(0, parseInt(page.offset ?? "") || 0);
    const listing = { prefix, search, limit, offset };
    const [rows, total] = await objects.list(caller, context.req.param("bucket"), listing);
    return context.json({
      data: rows.map((row) => ({ ...row, ...describe(row), url: toVersionedUrl(row) })),
      pagination: { offset, limit, total },
      nextActions: LIST_ADVICE,
    });
  });

  routes.put(one, (context) => put(context, () => context.req.param("key"), 200));

  routes.post(all, (context) => put(context, createKey, 201));

  routes.post("/buckets/:bucket/upload-strategy", async (context) => {
    const caller = await callers.requireCaller(context.req.raw);
    const { filename: key } = parseBody(Upload, context.var.body, { code: INVALID });
    const name = { bucket: context.req.param("bucket"), key };
    await objects.probe(caller, name);
    return context.json({
      method: "direct",
      uploadUrl: toUrl(name),
      key,
      confirmRequired: false,
    });
  });

  routes.get(
    "/buckets/:bucket/download-strategy/objects/:key{.+}",
    (context) => downloadStrategy(context, context.req.param("key")),
  );

  // The path of older clients. The key may contain slashes.
  routes.post(`${all}/:path{.+/download-strategy}`, (context) => {
    const path = context.req.param("path");
    return downloadStrategy(context, path.slice(0, -"/download-strategy".length));
  });

  routes.get(one, async (context) => {
    const name = { bucket: context.req.param("bucket"), key: context.req.param("key") };
    const object = await objects.find(await readerOf(context, name.bucket), name);
    const bytes = await objects.read(object);
    return new Response(bytes, {
      headers: {
        "Content-Type": withCharset(object.mime_type ?? OPAQUE),
        "X-Content-Type-Options": "nosniff",
        ETag: toEtag(bytes),
      },
    });
  });

  routes.delete(all, async (context) => {
    const caller = await callers.requireCaller(context.req.raw);
    const { keys } = parseBody(Deletion, context.var.body, { code: INVALID });
    const wanted = [...new Set(keys)];
    const deleted = await objects.delete(caller, context.req.param("bucket"), wanted);
    return context.json({
      results: wanted.map((key) => ({
        key,
        status: deleted.includes(key) ? "deleted" : "notFound",
      })),
    });
  });

  routes.delete(one, async (context) => {
    const caller = await callers.requireCaller(context.req.raw);
    const { bucket, key } = context.req.param();
    const deleted = await objects.delete(caller, bucket, [key]);
    if (deleted.length === 0) throw new Refusal(404, "STORAGE_NOT_FOUND", "Object not found");
    return context.json({ message: "Object deleted successfully" });
  });

  return routes;
}

/** Express adds the charset to the media types of text. */
function withCharset(mediaType: string): string {
  const isText = /^(text\/|application\/json$)/.test(mediaType);
  return isText && !mediaType.includes("charset") ? `${mediaType}; charset=utf-8` : mediaType;
}

/** The weak ETag that Express computes for a body. */
function toEtag(bytes: Uint8Array): string {
  const digest = createHash("sha1").update(bytes).digest("base64").slice(0, 27);
  return `W/"${bytes.length.toString(16)}-${digest}"`;
}

function describe({ size, mime_type, uploaded_at }: StoredObject) {
  return { size, mimeType: mime_type, uploadedAt: uploaded_at };
}

/** Reads the form field `file`. @throws {Refusal} 400 when it is missing, 413 when it is too large */
async function readFile(request: Request): Promise<File> {
  const form = await request.formData().catch(() => undefined);
  const file = form?.get("file");
  if (!(file instanceof File)) throw new Refusal(400, INVALID, "File is required");
  if (file.size > MAX_OBJECT_BYTES) {
    const message = `File too large. Maximum upload size is ${MAX_OBJECT_MEGABYTES} MB.`;
    throw new Refusal(413, INVALID, message);
  }
  return file;
}

/** Creates an unused key: the sanitised file name, the time, and a random part. */
function createKey({ name }: File): string {
  const dot = name.lastIndexOf(".");
  const [base, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
  const random = crypto.randomUUID().slice(0, 6);
  return `${base.replace(/[^a-zA-Z0-9_-]/g, "-").slice(0, 32)}-${Date.now()}-${random}${extension}`;
}
