/**
 * The schema library of the functions, `zod/mini`, for functions of an app that has no copy of its own.
 * Schemas of another copy of zod 4 work, too.
 *
 * @example
 * ```ts
 * import { withAi } from "insforge-ai-functions";
 * import * as z from "insforge-ai-functions/zod";
 *
 * const body = z.object({ text: z.string() });
 *
 * export default withAi({ slug: "echo", body }, ({ body }) => Response.json({ text: body.text }));
 * ```
 *
 * @module
 */
export * from "zod/mini";
