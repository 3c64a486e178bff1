/** Reads the request of a deprecated route: first the credential, then the body. */
import { ApiError, invalidInput } from "../../shared/errors.ts";
import { toExcerpt } from "../../shared/gateway/redaction.ts";
import {
  type LateSchema,
  MAX_IMAGE_BODY_BYTES,
  parseJson,
  readText,
} from "../../shared/http/body.ts";
import type { Call } from "../../shared/http/call.ts";
import { requireCaller } from "./caller.ts";
import { toLegacyMessage } from "./validation_messages.ts";

/** In a longer body the first invalid field ends the check, so that no request takes long. */
const LISTED_CHARS = 10_000;

/**
 * Reads a request as the deprecated proxy did: fields that the schema does not know are dropped, and
 * a body that is missing or of another media type than JSON counts as an empty object.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` that lists the invalid fields; 413 `INVALID_INPUT` for a body
 *   above 8 MiB; what `requireCaller` throws.
 */
export async function readRequest<T>(call: Call, body: LateSchema<T>): Promise<T> {
  await requireCaller(call);
  const text = await readJsonText(call);
  const value = text ? parseJson(text) : {};
  if (body.isUsual(value)) return value as T;
  const schema = await body.load();
  const options = { reportInput: true, abortEarly: text.length > LISTED_CHARS };
  const result = schema.safeParse(value, options);
  if (result.success) return result.data;
  const messages = result.error.issues.map(toLegacyMessage);
  throw invalidInput(toExcerpt(`Validation error: ${messages.join(", ")}`));
}

/** The text of a JSON body; empty for any other media type. */
async function readJsonText(call: Call): Promise<string> {
  const [type, ...parameters] = (call.request.headers.get("Content-Type") ?? "").toLowerCase()
    .split(";").map((part) => part.trim());
  if (type !== "application/json") return "";
  const charset = parameters.find((parameter) => parameter.startsWith("charset="))?.slice(8);
  if (charset && !/^"?utf-/.test(charset)) {
    throw new ApiError(500, "INTERNAL_ERROR", `unsupported charset "${charset.toUpperCase()}"`);
  }
  return await readText(call, { maxBytes: MAX_IMAGE_BODY_BYTES });
}
