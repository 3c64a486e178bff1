/** Errors of InsForge's own routes, and the advice that several of them give. */

/** Advice in `nextActions` for a missing or invalid token. */
export const CHECK_TOKEN = "Check the token is valid or login to get a new token.";
/** Advice for a caller who is not an administrator. */
export const CHECK_ADMIN_TOKEN =
  "Check the admin token is valid or login as admin to get a new token.";
/** Advice for a wrong API key. */
export const CHECK_API_KEY = "Check the API key is valid or generate a new API key.";

/** An error response of InsForge's own routes: `{ error, message, statusCode, nextActions? }`. */
export class Refusal extends Error {
  constructor(
    readonly statusCode: number,
    readonly code: string,
    message: string,
    readonly nextActions?: string,
  ) {
    super(message);
  }

  toResponse(): Response {
    const { code: error, message, statusCode, nextActions } = this;
    return Response.json({ error, message, statusCode, nextActions }, { status: statusCode });
  }
}

/** A failed statement, with the fields of PostgreSQL's error. */
export interface DatabaseError extends Error {
  code: string;
  detail?: string;
  hint?: string;
  column?: string;
}

/** Whether `error` comes from PostgreSQL. Its `code` is then a five-character SQLSTATE. */
export function isDatabaseError(error: unknown): error is DatabaseError {
  return error instanceof Error && "code" in error && "severity" in error;
}

/** Converts any error to the error response of InsForge's own routes, which are all except records and rpc. */
export function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (!(error instanceof Error)) return new Refusal(500, "INTERNAL_ERROR", "Internal server error");
  const known = isDatabaseError(error) ? DATABASE_REFUSALS[error.code] : undefined;
  if (known === undefined) return new Refusal(500, "INTERNAL_ERROR", error.message);
  const [status, code, advise] = known;
  return new Refusal(status, code, error.message, advise(error as DatabaseError));
}

type Advise = (error: DatabaseError) => string;

const DATABASE_REFUSALS: Record<string, [status: number, code: string, advise: Advise]> = {
  "23502": [
    400,
    "MISSING_FIELD",
    (error) =>
      `The ${
        error.column ?? ""
      } field is required and cannot be empty. Please fill in a value and try again.`,
  ],
  "23503": [
    400,
    "DATABASE_CONSTRAINT_VIOLATION",
    () =>
      "The referenced record does not exist. Please check the reference with get metadata tool and try again.",
  ],
  "23505": [
    409,
    "DATABASE_DUPLICATE",
    (error) =>
      `A record with this field(${
        /Key \((\w+)\)=/.exec(error.detail ?? "")?.[1] ?? "field"
      }) already exists. You can query the existing record by using the query tool and then try again.`,
  ],
  "42501": [
    403,
    "FORBIDDEN",
    () =>
      "A row-level security policy denied this operation. Verify the calling user owns the row (uploaded_by / user_id matches the JWT sub), or that an appropriate INSERT/UPDATE/DELETE policy exists for this role.",
  ],
  "42701": [
    400,
    "DATABASE_VALIDATION_ERROR",
    (error) =>
      `Remove the duplicate "${
        /column "([^"]+)"/.exec(error.message)?.[1] ?? ""
      }" column definition. Each column name must be unique within a table.`,
  ],
  "42703": [
    400,
    "DATABASE_VALIDATION_ERROR",
    () =>
      "Check the column name spelling and verify it exists in the table using GET /api/database/tables/{table}/schema",
  ],
  "42804": [
    400,
    "DATABASE_VALIDATION_ERROR",
    () => "Ensure the foreign key column and the referenced column have the same data type.",
  ],
  "42830": [
    400,
    "DATABASE_VALIDATION_ERROR",
    () => "Ensure the referenced column has a unique constraint or is a primary key",
  ],
  "42P01": [
    400,
    "DATABASE_VALIDATION_ERROR",
    () =>
      "The resource you are trying to access does not exist. Please check the table with get metadata tool and try again.",
  ],
};
