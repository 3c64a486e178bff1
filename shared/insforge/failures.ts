/** From InsForge's failures to errors for callers. No message quotes SQL or a URL of InsForge. */
import { ApiError, invalidInput, unauthorized } from "../errors.ts";

/** An error of PostgREST (with `code`), of InsForge's gateway (with `error`) or of the transport. */
export interface DataError {
  /** PostgreSQL's SQLSTATE or PostgREST's own code. */
  code?: string;
  /** PostgreSQL's or PostgREST's words; they are not shown to callers. */
  message?: string;
}

/** A query, as far as failures refer to it. */
export interface FailedQuery {
  /** The table that was read. */
  table: string;
  /** The columns that were named. */
  columns?: string[];
  /** The columns that rows were filtered by. */
  filters?: { column: string }[];
  /** The column that rows were ordered by. */
  order?: { column: string };
}

/** The error for rows that could not be read. */
export function toReadError(error: DataError, status: number, query: FailedQuery): ApiError {
  const { code = "", message = "" } = error;
  const { table, filters = [], order } = query;
  if (code === "42501") {
    return new ApiError(403, "FORBIDDEN", `You are not allowed to read the table "${table}"`, {
      cause: error,
    });
  }
  if (code === "42P01" || code === "PGRST205") {
    return invalidInput(`"table" must exist and be readable; there is no "${table}"`, error);
  }
  if (code === "42703") {
    return invalidInput(describeUnknownColumn(message, query), error);
  }
  if (order && /ordering operator/.test(message)) {
    return invalidInput(
      `"order.column" must be a column with an order, not "${order.column}"`,
      error,
    );
  }
  if (filters.length > 0 && isInvalidValue(code, message)) {
    const field = filters.length === 1 ? "filters[0].value" : "filters";
    return invalidInput(`"${field}" does not match the type of its column`, error);
  }
  if (status === 401) return unauthorized(error);
  return unavailable(error);
}

/** The error for an object that could not be stored in `bucket`. */
export function toStorageError(error: unknown, bucket: string): ApiError {
  switch ((error as { statusCode?: number } | null)?.statusCode) {
    case 400:
      return invalidInput("InsForge's storage refused the object", error);
    case 401:
      return unauthorized(error);
    case 403: {
      const message = `You are not allowed to write to the bucket "${bucket}"`;
      return new ApiError(403, "STORAGE_PERMISSION_DENIED", message, { cause: error });
    }
    case 404: {
      // Not 404, because InsForge's SDK would then run the function a second time.
      const message = `This project has no storage bucket "${bucket}"`;
      return new ApiError(400, "STORAGE_NOT_FOUND", message, { cause: error });
    }
    case 413: {
      const message = `The file is larger than the bucket "${bucket}" allows`;
      return new ApiError(413, "INVALID_INPUT", message, { cause: error });
    }
    default:
      return unavailable(error);
  }
}

/** The error for the package's own table or routine, `subject`, that could not be used. */
export function toAdminError(error: DataError, status: number, subject: string): ApiError {
  const { code = "" } = error;
  if (["PGRST202", "PGRST205", "42883", "42P01"].includes(code)) {
    const message = `The database has no ${subject}; apply migrations/ to it`;
    return new ApiError(500, "INTERNAL_ERROR", message, { cause: error });
  }
  if (status === 401 || status === 403) {
    const message = "InsForge rejects the setting API_KEY; it must be the project's API key";
    return new ApiError(500, "INTERNAL_ERROR", message, { cause: error });
  }
  return unavailable(error);
}

/** The error for an InsForge that does not respond, fails, or responds with something else. */
export function unavailable(cause: unknown): ApiError {
  return new ApiError(502, "UPSTREAM_FAILURE", "InsForge could not be reached or failed", {
    cause,
  });
}

/** The error for a routine of the database that returns something else than it should. */
export function unexpectedResult(routine: string): ApiError {
  const message = `The database's routine ${routine} returned an unexpected value`;
  return new ApiError(502, "UPSTREAM_FAILURE", message);
}

/** Whether the caller's value is the cause. A policy or view that fails is not the caller's fault. */
function isInvalidValue(code: string, message: string): boolean {
  return /^(22|42804|PGRST1)/.test(code) ||
    code.startsWith("42") && /\b(operator|array type)\b/.test(message);
}

function describeUnknownColumn(message: string, query: FailedQuery): string {
  const { table, columns = [], filters = [], order } = query;
  const fields = [
    ...columns.map((column, i) => [`columns[${i}]`, column]),
    ...filters.map(({ column }, i) => [`filters[${i}].column`, column]),
    ...(order ? [["order.column", order.column]] : []),
  ] as [string, string][];
  const isMissing = (column: string) =>
    [`.${column} does`, `"${column}" does`, `column ${column} does`].some((text) =>
      message.includes(text)
    );
  const [field, missing] = fields.find(([, column]) => isMissing(column)) ?? ["columns", ""];
  return `"${field}" must be a column of the table "${table}"${missing && `, not "${missing}"`}`;
}
