/** Makes the vectors of the demo data, so that the demo users can ask about their tickets. */
import type { Stack } from "../local/stack.ts";

/**
 * Works off the queues of the search indexes, as the schedule of a project does. A real gateway would
 * bill the vectors, so it is left alone, and so is an app without `ask-records`.
 */
export async function indexDemoData({ functionsUrl, slugs, insforge, openrouter }: Stack) {
  if (!insforge || !openrouter || !slugs.includes("ask-records")) return;
  const response = await fetch(`${functionsUrl}/ask-records/index`, {
    method: "POST",
    headers: { Authorization: `Bearer ${insforge.secrets.API_KEY}` },
  });
  // Without vectors the rows are found by their words, which is enough to go on.
  await response.body?.cancel();
}
