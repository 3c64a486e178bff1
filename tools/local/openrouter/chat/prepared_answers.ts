/** Prepared answers to the suggestions of the playground, so that a demo shows what a model can do. */

const NOTE =
  "*Prepared by the simulated OpenRouter. Set `OPENROUTER_API_KEY` to ask a real model.*";

const ROW_LEVEL_SECURITY =
  `Imagine one filing cabinet for all customers, and a clerk who checks who \
is asking before a drawer opens. **Row-level security is that clerk, inside the database.**

1. Every row has an owner, such as the user who created a ticket.
2. A *policy* says who may see it: “show a ticket only to its owner”.
3. PostgreSQL adds that rule to every query, so no code can forget it.

**Why it matters to you:** a bug in the app cannot show one customer's data to another, and an AI \
feature reads only what its user may read. **What it costs:** policies must be written, and tested, \
for every table.`;

const EMBEDDINGS = `| | pgvector in PostgreSQL | A vector database | Files and memory |
| --- | --- | --- | --- |
| **Set-up** | one extension | one more service | none |
| **Access rules** | row-level security | its own | none |
| **Joins with app data** | yes, in SQL | no | in code |
| **Good for** | up to some million rows | hundreds of millions | a few thousand |

Start with **pgvector**: the vectors live beside the rows that they describe, and policies hold for \
both. Move when a measurement tells you to.`;

const DEBOUNCE = `\`\`\`ts
/** Returns a function that calls \`action\` once, \`waitMs\` after it was last called. */
export function debounce<Args extends unknown[]>(
  action: (...args: Args) => void,
  waitMs: number,
): (...args: Args) => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...args), waitMs);
  };
}
\`\`\`

And its test, with a clock that does not have to wait:

\`\`\`ts
import { FakeTime } from "@std/testing/time";

Deno.test("calls once after a burst", () => {
  using time = new FakeTime();
  const calls: string[] = [];
  const debounced = debounce((text: string) => calls.push(text), 100);
  debounced("a");
  debounced("b");
  time.tick(100);
  if (calls.join() !== "b") throw new Error(\`got \${calls}\`);
});
\`\`\`

The last call wins. If the first one should win, call \`action\` before the timer starts.`;

const ANSWERS: [prompt: RegExp, answer: string][] = [
  [/^explain row-level security\b/i, ROW_LEVEL_SECURITY],
  [/\bways to store embeddings\b.*\btable\b/i, EMBEDDINGS],
  [/\bfunction that debounces\b/i, DEBOUNCE],
];

/** Returns the answer prepared for a prompt, in Markdown. */
export function findPreparedAnswer(prompt: string): string | undefined {
  const [, answer] = ANSWERS.find(([pattern]) => pattern.test(prompt)) ?? [];
  return answer && `${answer}\n\n${NOTE}`;
}
