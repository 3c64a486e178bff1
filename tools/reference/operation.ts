/** The types of a function's `reference.ts`, which says what schemas and types cannot say. */
import type { ZodMiniType } from "zod/mini";
import type { ApiError } from "../../shared/errors.ts";

/** The export `reference` of a function's `reference.ts`. */
export interface Reference {
  /** By method and path below the slug, such as `POST /`, as in `handler.routes`. */
  operations: Record<string, Operation>;
  /** What a reader must know about all operations, in Markdown. */
  description?: string;
  deprecated?: boolean;
  /** Creates the body of its errors; InsForge's flat shape unless given. */
  toErrorBody?: (error: ApiError) => object;
}

/** One operation. */
export interface Operation {
  /** What the caller gets, one line. */
  summary: string;
  /** The schema that the handler itself reads the body with. */
  request?: Schema;
  /** The schema that the handler itself reads the query with; an object of texts. */
  query?: Schema;
  /**
   * A JSON response: a schema, or the name of a type that the function or `shared/` exports;
   * several names are joined by ` | `.
   */
  answer?: Shape;
  /** The status of a successful response; 200 unless given. */
  status?: number;
  /** A response as a stream: the data of each event, in the same form as `answer`. */
  events?: Shape;
  /** A response that is a file: its media type. */
  file?: string;
  /** Creates the body of its errors, where that differs from the function's other operations. */
  toErrorBody?: (error: ApiError) => object;
  /** Statuses of its errors; docs/troubleshooting.md explains them. */
  errors: number[];
  /** The caller, if it is not a signed-in user: an administrator with the project's API key. */
  caller?: "administrator";
  /** Example requests by a short title; a test sends them. */
  examples: Record<string, Example>;
}

/** One request and its response. */
export interface Example {
  request?: Record<string, unknown>;
  /** Values of parameters in path and query. */
  parameters?: Record<string, string>;
  /**
   * The caller, if it is not a signed-in user: without a token, with a bad token, with the API key.
   */
  caller?: "nobody" | "stranger" | "administrator";
  /** The status of the response; 200 unless given. */
  status?: number;
  /**
   * The exact body of an error; otherwise a response of the same shape, or first and last events.
   */
  answer?: unknown;
}

/** The name of a type, or a schema. */
export type Shape = string | Schema;

/** A schema of zod 4, or of zod 3, which InsForge's own schemas use. */
export type Schema = ZodMiniType | LegacySchema;

/** The part of a zod 3 schema that distinguishes it from others. */
export interface LegacySchema {
  _def: { typeName?: unknown };
}
