/**
 * Reads the requests of the deprecated routes: first the credential, then the body, then the
 * schema.
 */
import { chatCompletionRequestSchema } from "@insforge/shared-schemas";
import type { Call } from "../../shared/http/call.ts";
import { MAX_IMAGE_BODY_BYTES, parseJson, readText } from "../../shared/http/body.ts";
import { ApiError, invalidInput } from "../../shared/errors.ts";
import type { Settings } from "../../shared/settings.ts";
import { requireCaller } from "./caller.ts";
import { parseForm } from "./form.ts";

/** The part of a zod 3 schema that is used here. */
interface Schema<T> {
  safeParse(value: unknown):
    | { success: true; data: T }
    | { success: false; error: { errors: { message: string }[] } };
}

/** InsForge's schemas report every problem of a body, so a body must not have very many values. */
const MAX_VALUES = 5_000;

/** InsForge's schema of a chat request, with `MAX_OUTPUT_TOKENS` as its token limit. */
export function createChatSchema({ MAX_OUTPUT_TOKENS }: Settings) {
  const tokens = chatCompletionRequestSchema.shape.maxTokens.innerType();
  return chatCompletionRequestSchema.extend({
    maxTokens: tokens.refine(
      (count) => count === undefined || count <= MAX_OUTPUT_TOKENS,
      "Exceeds configured maximum token cap.",
    ),
  });
}

/**
 * Reads a request as the deprecated proxy did: unknown fields are dropped, and a missing body or a
 * body of another media type counts as an empty object.
 *
 * @throws {ApiError} 400 or 413 `INVALID_INPUT`; for the credential as `requireCaller`.
 */
export async function readRequest<T>(call: Call, schema: Schema<T>): Promise<T> {
  await requireCaller(call);
  const body = await readBody(call);
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const messages = result.error.errors.map(({ message }) => message);
  throw invalidInput(`Validation error: ${messages.join(", ")}`);
}

async function readBody(call: Call): Promise<unknown> {
  const [type, ...parameters] = (call.request.headers.get("Content-Type") ?? "").toLowerCase()
    .split(";").map((part) => part.trim());
  const isJson = type === "application/json";
  if (!isJson && type !== "application/x-www-form-urlencoded") return {};
  const charset = parameters.find((parameter) => parameter.startsWith("charset="))?.slice(8);
  if (charset && !/^"?utf-/.test(charset)) {
    throw new ApiError(500, "INTERNAL_ERROR", `unsupported charset "${charset.toUpperCase()}"`);
  }
  const text = await readText(call, { maxBytes: MAX_IMAGE_BODY_BYTES });
  if (!text) return {};
  return isJson ? parseJson(text, MAX_VALUES) : parseForm(text);
}
