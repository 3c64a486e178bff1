/** The errors of the paths that clients of PinMe ask for. https://pinme.cloud */
import { type ApiError, toOpenAIErrorBody } from "../../shared/errors.ts";

/**
 * PinMe's envelope, `{ code, msg, data: { error } }`, beside the `error` of OpenAI's API. Clients of
 * PinMe show `data.error`.
 */
export function toPinmeErrorBody(error: ApiError): Record<string, unknown> {
  const { status, message } = error;
  const msg = status === 400 ? "invalid params" : "error";
  return { code: status, msg, data: { error: message }, ...toOpenAIErrorBody(error) };
}
