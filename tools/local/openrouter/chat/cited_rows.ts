/** An answer from numbered rows in a prompt, with their numbers. It quotes rows and draws no conclusion. */
import { countOf } from "./prose.ts";

const ROW = /^\[(\d+)\] (\{.*\}…?)$/gm;
/** The first text of a row that people would recognise it by. */
const TITLE = /"(?:subject|title|name|headline|content|text|body)":("(?:[^"\\]|\\.)*")/;
const MAX_ROWS = 2;
const MAX_CHARS = 80;

/**
 * Answers from the rows in a prompt, one JSON object per line after its number in brackets.
 *
 * @returns undefined when the prompt has no such rows.
 */
export function answerFromRows(prompt: string): string | undefined {
  const rows = [...prompt.matchAll(ROW)];
  if (rows.length === 0) return undefined;
  const named = rows.slice(0, MAX_ROWS).map(([, number, row = ""]) => {
    const title: string = JSON.parse(TITLE.exec(row)?.[1] ?? '"a row"');
    const [line = ""] = title.split("\n");
    return `“${line.slice(0, MAX_CHARS)}” [${number}]`;
  });
  return `Of ${
    countOf(rows.length, "row")
  } that the search found, the first say most about this: ` +
    `${named.join(" and ")}.\n\nThe rows are real; the words are a simulated model’s.`;
}
