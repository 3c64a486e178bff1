/** Answers a question about rows that the caller may read. */
import { withAi } from "insforge-ai-functions";
import * as z from "insforge-ai-functions/zod";

/** A table of the local demo data: put the name of your own table here. */
const TABLE = "support_tickets";

const body = z.object({ question: z.string().check(z.minLength(1), z.maxLength(1000)) });

export default withAi({ slug: "my-function", body }, async ({ body, db, ai }) => {
  const { data, error } = await db.from(TABLE).select("*").limit(50);
  if (error) throw error;
  const { text } = await ai.complete({
    system: "Answer the question from the rows. Say so when they do not hold the answer.",
    prompt: `Rows: ${JSON.stringify(data)}\n\nQuestion: ${body.question}`,
  });
  return Response.json({ text, rows: data.length });
});
