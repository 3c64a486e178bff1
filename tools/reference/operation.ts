/** The words in which a function's `reference.ts` says what its schemas and types cannot say. */
import type { ZodMiniType } from "zod/mini";
import type { ApiError } from "../../shared/errors.ts";

/** What a function's `reference.ts` exports as `reference`. */
export interface Reference {
  /** By method and path below the slug, `POST /`, as `handler.routes` has them. */
  operations: Record<string, Operation>;
  /** What else is to be known of all operations, Markdown. */
  description?: string;
  deprecated?: boolean;
  /** The shape of its errors, where it is not InsForge's flat one. */
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
   * An answer in JSON: the name of a type exported by the function or by `shared/`, several joined
   * by ` | `, or a schema.
   */
  answer?: Shape;
  /** An answer as a stream: what the data of each event is, in the same way. */
  events?: Shape;
  /** Statuses of its failures; docs/troubleshooting.md says what each means. */
  errors: number[];
  /** Who calls, unless it is a signed-in user: whoever holds the project's API key. */
  caller?: "administrator";
  /** Requests that a user may make, by a few words each; a test makes them. */
  examples: Record<string, Example>;
}

/** One request and its answer. */
export interface Example {
  request?: Record<string, unknown>;
  /** Values of the path's and the query's parameters. */
  parameters?: Record<string, string>;
  /** Who calls, unless it is a signed-in user: without a token, with a bad one, with the API key. */
  caller?: "nobody" | "stranger" | "administrator";
  /** 200 unless given. */
  status?: number;
  /** An error to the letter; otherwise an answer of the same shape, or the first and last events. */
  answer?: unknown;
}

/** A name, or a schema of zod 4 or, InsForge's own, of zod 3. */
export type Shape = string | Schema;

/** A schema of zod 4, or of zod 3, which InsForge's own schemas are made of. */
export type Schema = ZodMiniType | LegacySchema;

/** A schema of zod 3, as far as it can be told from others. */
export interface LegacySchema {
  _def: { typeName?: unknown };
}
