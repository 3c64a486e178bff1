/** A summary of the rows in a prompt. Its numbers are counted, so they are right. */
import { countOf } from "./prose.ts";

type Row = Record<string, unknown>;
/** The number of rows for each value of a column. */
type Tally = Map<string, number>;

/** Columns that people usually group by. */
const GROUPING = /^(status|state|category|type|kind|priority|severity|plan|channel|language|role)$/;
const TITLE = /^(subject|title|name|headline|summary|question)$/;
const DATE = /^\d{4}-\d\d-\d\d/;
const MAX_GROUPS = 3;
const MAX_VALUES = 8;

/**
 * Summarizes the rows in a prompt, one JSON object per line, or combines several such summaries.
 *
 * @returns undefined when the prompt contains neither.
 */
export function digestRows(prompt: string): string | undefined {
  const rows = readRows(prompt);
  if (rows.length === 0) return mergeDigests(prompt);
  const groups = findGroups(rows).map(([column, tally]) => writeGroup(column, tally));
  const days = Object.values(rows[0] ?? {}).some((value) => DATE.test(String(value)))
    ? rows.flatMap((row) => Object.values(row).filter((value) => DATE.test(String(value))))
      .map((value) => String(value).slice(0, 10)).sort()
    : [];
  const span = days.length > 0 ? `, from ${days[0]} to ${days.at(-1)}` : "";
  const titles = findTitles(rows).slice(0, 2).map((title) => `“${title}”`);
  const example = titles.length > 0 ? `\n\nAmong them: ${titles.join(" and ")}.` : "";
  return write(rows.length, span, groups, example);
}

/** Combines summaries by adding their numbers. */
function mergeDigests(prompt: string): string | undefined {
  const counts = [...prompt.matchAll(/\*\*(\d+) rows?\*\*/g)].map(([, count]) => Number(count));
  if (counts.length === 0) return undefined;
  const groups = new Map<string, Tally>();
  for (const [, column = "", values = ""] of prompt.matchAll(/^- \*\*(.+?)\*\*: (.+)$/gm)) {
    const tally = groups.get(column) ?? new Map();
    groups.set(column, tally);
    for (const [, value = "", count] of values.matchAll(/(.+?) (\d+)(?:, |$)/g)) {
      tally.set(value, (tally.get(value) ?? 0) + Number(count));
    }
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  const parts = `, put together from ${countOf(counts.length, "part")}`;
  return write(total, parts, [...groups].map(([column, tally]) => writeGroup(column, tally)), "");
}

function write(count: number, origin: string, groups: string[], example: string): string {
  const list = groups.length > 0 ? `\n\n${groups.join("\n")}` : "";
  return `Counted: **${countOf(count, "row")}**${origin}.${list}${example}\n\n` +
    "The numbers are counted from the rows; the words are a simulated model’s.";
}

function writeGroup(column: string, tally: Tally): string {
  const values = [...tally].sort(([, a], [, b]) => b - a).map(([value, n]) => `${value} ${n}`);
  return `- **${column}**: ${values.join(", ")}`;
}

function readRows(prompt: string): Row[] {
  const rows: Row[] = [];
  for (const line of prompt.split("\n")) {
    if (!/^\s*\{.*\},?\s*$/.test(line)) continue;
    try {
      rows.push(JSON.parse(line.trim().replace(/,$/, "")));
    } catch {
      // Text in braces that is not a row.
    }
  }
  return rows;
}

function findGroups(rows: Row[]): [string, Tally][] {
  const found: [string, Tally][] = [];
  for (const column of Object.keys(rows[0] ?? {})) {
    const tally: Tally = new Map();
    for (const row of rows) {
      const value = String(row[column] ?? "none");
      tally.set(value, (tally.get(value) ?? 0) + 1);
    }
    const short = [...tally.keys()].every((value) => value.length <= 24 && !DATE.test(value));
    const grouped = GROUPING.test(column) || tally.size * 2 <= rows.length;
    if (short && grouped && tally.size <= MAX_VALUES) found.push([column, tally]);
  }
  const rank = ([column]: [string, Tally]) => GROUPING.test(column) ? 0 : 1;
  return found.sort((a, b) => rank(a) - rank(b)).slice(0, MAX_GROUPS);
}

function findTitles(rows: Row[]): string[] {
  const column = Object.keys(rows[0] ?? {}).find((name) => TITLE.test(name));
  return column === undefined ? [] : rows.flatMap((row) => row[column] ? String(row[column]) : []);
}
