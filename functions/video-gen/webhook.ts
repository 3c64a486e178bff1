/** OpenRouter's webhooks about videos. https://openrouter.ai/docs/guides/overview/multimodal/video-generation */
import * as z from "zod/mini";
import { ApiError, unauthorized } from "../../shared/errors.ts";
import type { Settings } from "../../shared/settings.ts";

/** A notice that a job has ended. Only the id is read: OpenRouter itself is asked about the job. */
export const videoEvent = z.looseObject({
  /** Such as `video.generation.completed`. */
  type: z.string(),
  data: z.looseObject({ id: z.string().check(z.minLength(1), z.maxLength(200)) }),
});

/** The response to a notice. */
export interface WebhookAnswer {
  /** Whether the job is one of this app. */
  known: boolean;
}

/** The header with the signature, `t=<seconds>,v1=<hex>`. */
export const SIGNATURE_HEADER = "X-OpenRouter-Signature";

/** A signature that is older or newer was copied from an earlier request. */
const MAX_AGE_SECONDS = 300;
const encoder = new TextEncoder();

/**
 * Requires that OpenRouter has signed a body with `OPENROUTER_WEBHOOK_SECRET`.
 *
 * @param body the bytes as they arrived. InsForge's own proxy parses JSON and writes it anew, so that
 *   no signature fits; then the schedule finds out that the job has ended.
 * @throws {ApiError} 403 `FORBIDDEN` when there is no signature, or no secret to check it with; 401
 *   `AUTH_UNAUTHORIZED` when the signature is wrong or not from the last 5 minutes.
 */
export async function requireSignature(
  body: string,
  signature: string | null,
  { OPENROUTER_WEBHOOK_SECRET: secret }: Settings,
): Promise<void> {
  if (signature === null || !secret) {
    throw new ApiError(403, "FORBIDDEN", "This operation requires OpenRouter's signature");
  }
  const fields = new Map(
    signature.split(",").map((field) => {
      const [name = "", value = ""] = field.trim().split("=", 2);
      return [name, value];
    }),
  );
  const [time = "", hex = ""] = [fields.get("t"), fields.get("v1")];
  const ageSeconds = Math.abs(Date.now() / 1_000 - Number(time || NaN));
  const bytes = /^([0-9a-f]{2}){32}$/i.test(hex)
    ? Uint8Array.from(hex.match(/../g)!, (pair) => parseInt(pair, 16))
    : undefined;
  if (!bytes || !(ageSeconds <= MAX_AGE_SECONDS)) throw unauthorized("no valid signature");
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, [
    "verify",
  ]);
  const signed = encoder.encode(`${time},${body}`);
  if (!await crypto.subtle.verify("HMAC", key, bytes, signed)) throw unauthorized("forged");
}
