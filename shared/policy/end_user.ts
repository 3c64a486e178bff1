/** The id under which a provider sees a user: it tells users apart, and says nothing about them. */
import type { Fields } from "../fields.ts";
import { chooseGateway } from "../gateway/gateway.ts";
import type { Settings } from "../settings.ts";

/** Operations that take `user`. Elsewhere the field is only replaced when the caller sends it. */
const USER_PATHS = new Set([
  "/chat/completions",
  "/completions",
  "/messages",
  "/responses",
  "/embeddings",
]);
/** Ids that are kept, so that a digest is computed once per user and not once per request. */
const MAX_CACHED = 1_000;
/** Half of a SHA-256 digest: enough that no two users share an id. */
const ID_BYTES = 16;
const encoder = new TextEncoder();
const cache = new Map<string, string>();

/**
 * Sets OpenRouter's `user` field, by which providers limit abuse to one user, to an opaque id. The
 * caller's own value is replaced, and so is Anthropic's `metadata.user_id`: a caller must not act for
 * another user.
 *
 * @param path the operation, such as `/chat/completions`.
 * @param fields the request body; it is not changed. A function that must send no `user` sets it to
 *   undefined, which no JSON of a caller can.
 * @param user the id that {@link toOpaqueUserId} returns for the signed-in user.
 */
export function withOpaqueUser(path: string, fields: Fields, user: string): Fields {
  const isLeftOut = Object.hasOwn(fields, "user")
    ? fields.user === undefined
    : !USER_PATHS.has(path);
  return isLeftOut ? fields : { ...withOwnUserId(path, fields, user), user };
}

/** The fields with the same id in Anthropic's own field, when the caller sent that. */
function withOwnUserId(path: string, fields: Fields, user: string): Fields {
  if (path !== "/messages") return fields;
  const metadata = Object(fields.metadata) as Fields;
  if (!Object.hasOwn(metadata, "user_id")) return fields;
  return { ...fields, metadata: { ...metadata, user_id: user } };
}

/**
 * An id of 32 characters that is the same for all requests of a user until the gateway's key changes.
 * The user's own id cannot be found from it, not even by trying ids, because the key is part of it.
 *
 * @returns the id; without a promise when it is known from an earlier request.
 */
export function toOpaqueUserId(userId: string, settings: Settings): string | Promise<string> {
  const text = `${settings[chooseGateway(settings).keySetting] ?? ""}\n${userId}`;
  return cache.get(text) ?? computeOpaqueId(text);
}

async function computeOpaqueId(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text)));
  const bytes = digest.subarray(0, ID_BYTES);
  const id = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (cache.size >= MAX_CACHED) cache.clear();
  cache.set(text, id);
  return id;
}
