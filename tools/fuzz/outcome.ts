/** What every response must be, whatever was sent and whatever the servers behind it did. */
import type { FuzzedOperation } from "./operations.ts";
import { requireClean } from "./world.ts";

/** A response of a function and as much of its body as the caller has read. */
export interface Outcome {
  response: Response;
  text: string;
  /** Whether the caller read the body to its end. */
  isWhole: boolean;
  /** Whether the gateway answered as its API says. */
  isHealthy: boolean;
}

/** Functions that build their responses; others pass on what the gateway says, as do lists in these. */
const BUILDERS = new Set(["chat", "image-gen", "summarize-records", "usage"]);

/** Recorded InsForge message of a 500 that only `legacy-compat` has. */
const UNSUPPORTED_CHARSET = /^unsupported charset "/;

/** Fails unless the outcome is documented: status, headers and body. */
export function requireDocumented(operation: FuzzedOperation, outcome: Outcome): void {
  const { response: { status, headers }, text, isWhole, isHealthy } = outcome;
  const shown = `${status} ${text.slice(0, 600)}`;
  if (!isDocumented(operation, status)) throw new Error(`The status is not documented: ${shown}`);
  requireClean(text + JSON.stringify([...headers]), "A response");
  for (const name of ["X-Request-Id", "Access-Control-Allow-Origin", "Content-Type"]) {
    if (!headers.has(name)) throw new Error(`The header ${name} is missing: ${shown}`);
  }
  const type = headers.get("Content-Type");
  if (type === "text/event-stream") {
    if (status !== 200) throw new Error(`A stream has the status ${shown}`);
    return;
  }
  if (operation.file && status === 200 && !type?.startsWith("application/json")) return;
  if (!type?.startsWith("application/json")) throw new Error(`The type is ${type}: ${shown}`);
  if (!isWhole) return;
  const body = toJson(text);
  if (typeof body !== "object" || body === null) throw new Error(`No JSON object: ${shown}`);
  if (status >= 400) return requireError(operation, outcome, body as Record<string, unknown>);
  if (!isHealthy && !BUILDERS.has(operation.slug)) return;
  const issue = operation.findIssue(body, isHealthy ? Infinity : 1);
  if (issue) throw new Error(`The body is not what the API reference says: ${issue}: ${shown}`);
}

/** `legacy-compat` keeps the status of a failed response of the gateway, as recorded. */
function isDocumented({ slug, statuses }: FuzzedOperation, status: number): boolean {
  return statuses.has(status) || slug === "legacy-compat" && status >= 400;
}

function requireError(
  { slug }: FuzzedOperation,
  { response: { status }, isHealthy }: Outcome,
  body: Record<string, unknown>,
): void {
  const shown = JSON.stringify(body).slice(0, 600);
  const error = slug === "v1" ? toFlat(body.error) : body;
  // Errors of Anthropic's shape do not repeat the status.
  const isAnthropic = slug === "v1" && body.type === "error";
  const { message, error: code, nextActions } = error;
  const statusCode = isAnthropic ? status : error.statusCode;
  if (statusCode !== status) throw new Error(`The body's status is not ${status}: ${shown}`);
  if (typeof message !== "string" || message === "") throw new Error(`No message: ${shown}`);
  // The reasons of a gateway are passed on in its own words.
  if (isHealthy && /\bundefined\b|\[object |\bNaN\b|must be $/.test(message)) {
    throw new Error(`The message is not a sentence: ${shown}`);
  }
  if (typeof code !== "string" || !/^[A-Z]+(_[A-Z]+)+$|^FORBIDDEN$/.test(code)) {
    throw new Error(`The code is not documented: ${shown}`);
  }
  if (!["string", "undefined", "object"].includes(typeof nextActions)) {
    throw new Error(`"nextActions" is not a text: ${shown}`);
  }
  const namesSetting = /\b[A-Z]+(_[A-Z0-9]+)+\b|\bmigrations\//.test(message) ||
    UNSUPPORTED_CHARSET.test(message);
  if (code === "INTERNAL_ERROR" && !namesSetting) {
    throw new Error(`A 500 does not name a setting: ${shown}`);
  }
}

/** OpenAI's shape of an error, in the flat one. */
function toFlat(error: unknown): Record<string, unknown> {
  const { message, code, metadata } = Object(error);
  const { error_code, next_actions } = Object(metadata);
  return { statusCode: code, message, error: error_code, nextActions: next_actions };
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`The body is not JSON: ${text.slice(0, 600)}`);
  }
}
