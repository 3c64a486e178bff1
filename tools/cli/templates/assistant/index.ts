/** Streams the answers of the assistant in prompts/my-function.md. */
import { withAi } from "insforge-ai-functions";
import * as z from "insforge-ai-functions/zod";

const message = z.object({
  role: z.enum(["user", "assistant"]),
  content: z.string().check(z.minLength(1), z.maxLength(8000)),
});
const body = z.object({ messages: z.array(message).check(z.minLength(1), z.maxLength(50)) });

export default withAi(
  { slug: "my-function", body },
  ({ body, ai }) => ai.stream({ assistant: "my-function", messages: body.messages }),
);
