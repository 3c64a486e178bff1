/** PostgREST's error body and statuses: `{ code, details, hint, message }`. */

import type { DatabaseError } from "../refusal.ts";

/** An error response of records or rpc, in PostgREST's form. */
export class RestError extends Error {
  readonly details: unknown;
  readonly hint: string | null;

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    { details = null, hint = null }: { details?: unknown; hint?: string | null } = {},
  ) {
    super(message);
    this.details = details;
    this.hint = hint;
  }

  toResponse(): Response {
    const { code, details, hint, message, status } = this;
    return Response.json({ code, details, hint, message }, { status });
  }
}

/** A write to a missing table. PostgREST 12.0 responds 404 with an empty object. */
export class UnknownTable extends RestError {
  constructor() {
    super(404, "", "");
  }

  override toResponse(): Response {
    return Response.json({}, { status: 404 });
  }
}

/**
 * Converts a failed statement to the error that PostgREST responds with.
 *
 * @param anonymous whether the caller is not signed in; a missing privilege is then 401, not 403
 * @see https://docs.postgrest.org/en/v12/references/errors.html#status-codes
 */
export function toRestError(error: DatabaseError, anonymous: boolean): RestError {
  return new RestError(statusOf(error.code, anonymous), error.code, error.message, {
    details: error.detail ?? null,
    hint: error.hint ?? null,
  });
}

function statusOf(code: string, anonymous: boolean): number {
  if (code === "42501") return anonymous ? 401 : 403;
  // A function may choose its status: raise … using errcode = 'PT404'.
  if (/^PT\d{3}$/.test(code)) return Number(code.slice(2));
  return STATUS_BY_CODE[code] ?? STATUS_BY_CLASS[code.slice(0, 2)] ?? 400;
}

const STATUS_BY_CODE: Record<string, number> = {
  "23503": 409,
  "23505": 409,
  "25006": 405,
  "42883": 404,
  "42P01": 404,
  P0001: 400,
};

const STATUS_BY_CLASS: Record<string, number> = {
  "08": 503,
  "09": 500,
  "0L": 403,
  "0P": 403,
  "25": 500,
  "28": 403,
  "2D": 500,
  "38": 500,
  "39": 500,
  "3B": 500,
  "40": 500,
  "53": 503,
  "54": 413,
  "55": 500,
  "57": 500,
  "58": 500,
  F0: 500,
  HV: 500,
  P0: 500,
  PT: 500,
  XX: 500,
};
