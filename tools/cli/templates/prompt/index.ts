/** Translates a text. */
import { withAi } from "insforge-ai-functions";
import * as z from "insforge-ai-functions/zod";

const body = z.object({
  text: z.string().check(z.minLength(1), z.maxLength(4000)),
  to: z.string().check(z.minLength(1), z.maxLength(40)),
});

export default withAi({ slug: "my-function", body }, async ({ body, ai }) => {
  const { text } = await ai.complete({
    system: `Translate the user's text into ${body.to}. Answer with the translation only.`,
    prompt: body.text,
  });
  return Response.json({ text });
});
