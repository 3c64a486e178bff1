/** Uses of the library and of the built-in functions, as the functions of an app have them. */
import chat from "../../functions/chat/index.ts";
import legacyCompat, { aliases } from "../../functions/legacy-compat/index.ts";
import { ApiError } from "../../shared/core.ts";
import { type EdgeFunction, withAi } from "../../shared/mod.ts";
import * as z from "../../shared/zod.ts";

const body = z.object({ table: z.string(), limit: z.optional(z.int()) });

export default withAi({ slug: "mood", body }, async ({ body, ai, db, user }) => {
  const table: string = body.table;
  // @ts-expect-error The schema does not have this field.
  body.tables;
  const { data, error } = await db.from(table).select("subject").limit(body.limit ?? 10);
  if (error) throw new ApiError(400, "INVALID_INPUT", `"table" cannot be read`);
  const { text, usage } = await ai.complete({ prompt: JSON.stringify(data) });
  return Response.json({ text: text satisfies string, usage, user: user.id satisfies string });
});

export const functions: EdgeFunction[] = [chat, legacyCompat];
export const names: string[] = aliases;
