/** Formats the results as text that is Markdown, too. */
import type { Aim, Results, Table } from "./results.ts";

/** Formats a number for a table; an empty text for what was not measured. */
export function format(value: number, digits = 0): string {
  if (!Number.isFinite(value)) return "";
  const text = value.toFixed(digits).replace(/^-(0(?:\.0+)?)$/, "$1");
  const [whole = "", fraction] = text.split(".");
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** Formats all tables of a run, the aims first. */
export function formatResults({ environment, notes, parts }: Results): string {
  const all = Object.values(parts);
  const aims = all.flatMap(({ aims }) => aims);
  const machine = Object.entries(environment).map(([name, value]) => `${name} ${value}`).join(", ");
  return [
    `${machine}.`,
    ...notes,
    ...(aims.length > 0 ? [formatTable(toAimTable(aims))] : []),
    ...joinGroups(all.flatMap(({ tables }) => tables)).map(formatTable),
  ].join("\n\n");
}

/** Joins the tables of each group, in the place of the first. */
function joinGroups(tables: Table[]): Table[] {
  const joined: Table[] = [];
  for (const table of tables) {
    const first = joined.findIndex(({ group }) => group !== undefined && group === table.group);
    if (first < 0) joined.push(table);
    else joined[first] = joinTables(joined[first]!, table);
  }
  return joined;
}

/** Puts the columns of a table beside those of another, in the rows with the same first cell. */
function joinTables(left: Table, right: Table): Table {
  const names = new Set([...left.rows, ...right.rows].map(([name = ""]) => name));
  const pick = ({ rows, head }: Table, name: string) =>
    rows.find(([first]) => first === name)?.slice(1) ?? head.slice(1).map(() => "");
  return {
    title: left.title,
    group: left.group,
    note: [left.note, right.note].filter(Boolean).join(" "),
    head: [...left.head, ...right.head.slice(1)],
    rows: [...names].map((name) => [name, ...pick(left, name), ...pick(right, name)]),
  };
}

/** Formats a table with aligned columns. */
export function formatTable({ title, note, head, rows }: Table): string {
  const widths = head.map((text, i) =>
    Math.max(3, text.length, ...rows.map((row) => row[i]?.length ?? 0))
  );
  const toLine = (cells: string[]) =>
    `| ${
      widths.map((width, i) =>
        i === 0 ? (cells[i] ?? "").padEnd(width) : (cells[i] ?? "").padStart(width)
      ).join(" | ")
    } |`;
  const rule = widths.map((width, i) => i === 0 ? "-".repeat(width) : "-".repeat(width - 1) + ":");
  return [
    `### ${title}`,
    ...(note ? [note] : []),
    [toLine(head), toLine(rule), ...rows.map(toLine)].join("\n"),
  ].join("\n\n");
}

function toAimTable(aims: Aim[]): Table {
  return {
    title: "Aims",
    head: ["figure", "aim", "measured", ""],
    rows: aims.map(({ figure, value, aim, must, unit }) => [
      figure,
      `${must} ${aim}${unit ? ` ${unit}` : ""}`,
      format(value, 2),
      isMet({ value, aim, must }) ? "met" : "missed",
    ]),
  };
}

/** Whether a figure, as it is printed, meets its aim. */
export function isMet({ value, aim, must }: Pick<Aim, "value" | "aim" | "must">): boolean {
  const printed = Number(value.toFixed(2));
  return must === "≥" ? printed >= aim : printed <= aim;
}
