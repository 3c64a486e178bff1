/** What InsForge's refusals and failures come to for callers; none quotes SQL or an address. */
import { ApiError, invalidInput, unauthorized } from "../errors.ts";

/** PostgREST's error (with `code`), the gateway's (with `error`) or the transport's (status 0). */
export interface DataError {
  code?: string;
  message?: string;
}

/** A query, as far as failures speak of it. */
interface Query {
  table: string;
  columns?: string[];
  filters?: { column: string }[];
  order?: { column: string };
}

/** Why rows could not be read. */
export function toReadError(error: DataError, status: number, query: Query): ApiError {
  const { code = "", message = "" } = error;
  const { table, filters = [], order } = query;
  if (code === "42501") {
    return new ApiError(403, "FORBIDDEN", `You are not allowed to read the table "${table}"`, {
      cause: error,
    });
  }
  if (code === "42P01" || code === "PGRST205") {
    return invalidInput(`"table" names no table that can be read: "${table}"`, error);
  }
  if (code === "42703") {
    return invalidInput(describeUnknownColumn(message, query), error);
  }
  if (order && /ordering operator/.test(message)) {
    return invalidInput(`"order.column" names a column without an order: "${order.column}"`, error);
  }
  if (filters.length > 0 && isUnfit(code, message)) {
    const field = filters.length === 1 ? "filters[0].value" : "filters";
    return invalidInput(`"${field}" does not fit the type of its column`, error);
  }
  if (status === 401) return unauthorized(error);
  return unavailable(error);
}

/** Why an object could not be stored in `bucket`. */
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
      // Not 404: upon that InsForge's SDK would run the function a second time.
      const message = `This project has no storage bucket "${bucket}"`;
      return new ApiError(400, "STORAGE_NOT_FOUND", message, { cause: error });
    }
    case 413: {
      const message = `The image is larger than the bucket "${bucket}" allows`;
      return new ApiError(413, "INVALID_INPUT", message, { cause: error });
    }
    default:
      return unavailable(error);
  }
}

/** Why the package's own table or routine, `subject`, could not be used with the project's rights. */
export function toAdminError(error: DataError, status: number, subject: string): ApiError {
  const { code = "" } = error;
  if (["PGRST202", "PGRST205", "42883", "42P01"].includes(code)) {
    const message = `The database has no ${subject}; apply migrations/ to it`;
    return new ApiError(500, "INTERNAL_ERROR", message, { cause: error });
  }
  if (status === 401 || status === 403) {
    const message = "InsForge refuses the setting API_KEY; it must be the project's API key";
    return new ApiError(500, "INTERNAL_ERROR", message, { cause: error });
  }
  return unavailable(error);
}

/** InsForge did not answer, or not as itself. */
export function unavailable(cause: unknown): ApiError {
  return new ApiError(502, "UPSTREAM_FAILURE", "InsForge could not be reached or failed", {
    cause,
  });
}

/** Whether a value is to blame: for a policy or view that fails, whoever calls can do nothing. */
function isUnfit(code: string, message: string): boolean {
  return /^(22|42804|PGRST1)/.test(code) ||
    code.startsWith("42") && /\b(operator|array type)\b/.test(message);
}

function describeUnknownColumn(message: string, query: Query): string {
  const { table, columns = [], filters = [], order } = query;
  const fields = [
    ...columns.map((column, i) => [`columns[${i}]`, column]),
    ...filters.map(({ column }, i) => [`filters[${i}].column`, column]),
    ...(order ? [["order.column", order.column]] : []),
  ];
  const [, missing] = /([A-Za-z_]\w*)"? does not exist/.exec(message) ?? [];
  const [field] = fields.find(([, column]) => column === missing) ?? ["columns"];
  return `"${field}" names no column of the table "${table}": "${missing}"`;
}
