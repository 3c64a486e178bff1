/** The relationships between tables, and which of several a request means. */

import type { Catalog, ForeignKey } from "./catalog.ts";
import { RestError } from "./rest_error.ts";
import { suggest } from "./suggestion.ts";

/** One relationship from the rows of `from` to the rows of `to`. */
export interface Relationship {
  from: string;
  to: string;
  cardinality: "many-to-one" | "one-to-one" | "one-to-many" | "many-to-many";
  /** Names of its foreign keys: two for many-to-many. */
  constraints: string[];
  /** Pairs of a column of `from` and one of `to`; with a junction, of `from` and the junction. */
  columns: [from: string, to: string][];
  junction?: {
    table: string;
    /** Pairs of a column of the junction and one of `to`. */
    columns: [junction: string, to: string][];
  };
}

/** Whether at most one row of `to` belongs to a row of `from`. */
export function isToOne({ cardinality }: Relationship): boolean {
  return cardinality === "many-to-one" || cardinality === "one-to-one";
}

/**
 * Finds the relationship that `from?select=target!hint(…)` means.
 *
 * @throws {RestError} 400 `PGRST200` when none matches, 300 `PGRST201` when several do
 * @see https://docs.postgrest.org/en/v12/references/api/resource_embedding.html
 */
export function findRelationship(
  catalog: Catalog,
  from: string,
  { target, hint }: { target: string; hint?: string },
): Relationship {
  const all = relationshipsOf(catalog, from);
  const found = all.filter((relationship) => isMeant(relationship, target, hint));
  const [only] = found;
  if (only && found.length === 1) return only;
  if (found.length > 1) throw ambiguous(from, target, found);
  throw unrelated(catalog, from, { target, hint, all });
}

function relationshipsOf(catalog: Catalog, from: string): Relationship[] {
  const { foreignKeys } = catalog;
  return [
    ...foreignKeys.filter((key) => key.table === from).map((key) => along(catalog, key)),
    ...foreignKeys.filter((key) => key.target === from).map((key) => against(catalog, key)),
    ...junctionsOf(catalog, from),
  ];
}

function along(catalog: Catalog, key: ForeignKey): Relationship {
  return {
    from: key.table,
    to: key.target,
    cardinality: isUnique(catalog, key) ? "one-to-one" : "many-to-one",
    constraints: [key.name],
    columns: key.columns,
  };
}

function against(catalog: Catalog, key: ForeignKey): Relationship {
  return {
    from: key.target,
    to: key.table,
    cardinality: isUnique(catalog, key) ? "one-to-one" : "one-to-many",
    constraints: [key.name],
    columns: key.columns.map(([own, other]) => [other, own]),
  };
}

/** A table whose primary key contains two foreign keys joins their two tables. */
function junctionsOf(catalog: Catalog, from: string): Relationship[] {
  const { foreignKeys, tables } = catalog;
  return foreignKeys.filter((near) => near.target === from).flatMap((near) => {
    const primary = tables.get(near.table)?.keys.find((key) => key.primary)?.columns ?? [];
    const covers = (key: ForeignKey) => key.columns.every(([own]) => primary.includes(own));
    return foreignKeys
      .filter((far) => far.table === near.table && far !== near && covers(near) && covers(far))
      .map((far): Relationship => ({
        from,
        to: far.target,
        cardinality: "many-to-many",
        constraints: [near.name, far.name],
        columns: near.columns.map(([own, other]) => [other, own]),
        junction: { table: near.table, columns: far.columns },
      }));
  });
}

function isUnique(catalog: Catalog, key: ForeignKey): boolean {
  const own = key.columns.map(([column]) => column).sort().join();
  const unique = catalog.tables.get(key.table)?.keys ?? [];
  return unique.some(({ columns }) => [...columns].sort().join() === own);
}

function isMeant(relationship: Relationship, target: string, hint?: string): boolean {
  const { from, to, cardinality, constraints, columns, junction } = relationship;
  const single = junction === undefined && columns.length === 1 ? columns[0] : undefined;
  const constraint = junction === undefined ? constraints[0] : undefined;
  if (from === to) {
    if (hint !== undefined) {
      return target === to && cardinality === "one-to-many" && single?.[1] === hint;
    }
    return cardinality === "one-to-many" ? target === to : single?.[0] === target;
  }
  if (hint === undefined) {
    return target === to || target === constraint || target === single?.[0];
  }
  return target === to &&
    (hint === constraint || hint === junction?.table || (single?.includes(hint) ?? false));
}

function ambiguous(from: string, target: string, found: Relationship[]): RestError {
  const choices = found.map(({ to, constraints, junction }) =>
    `'${to}!${junction?.table ?? constraints[0]}'`
  );
  return new RestError(
    300,
    "PGRST201",
    `Could not embed because more than one relationship was found for '${from}' and '${target}'`,
    {
      details: found.map(describe),
      hint: `Try changing '${target}' to one of the following: ${
        choices.join(", ")
      }. Find the desired relationship in the 'details' key.`,
    },
  );
}

function describe({ from, to, cardinality, constraints, columns, junction }: Relationship) {
  const list = (names: string[]) => `(${names.join(", ")})`;
  const relationship = junction === undefined
    ? `${constraints[0]} using ${from}${list(columns.map(([own]) => own))} and ${to}${
      list(columns.map(([, other]) => other))
    }`
    : `${junction.table} using ${constraints[0]}${list(columns.map(([, other]) => other))} and ${
      constraints[1]
    }${list(junction.columns.map(([own]) => own))}`;
  return { cardinality, embedding: `${from} with ${to}`, relationship };
}

function unrelated(
  catalog: Catalog,
  from: string,
  { target, hint, all }: { target: string; hint?: string; all: Relationship[] },
): RestError {
  const using = hint === undefined ? "" : `' using the hint '${hint}`;
  return new RestError(
    400,
    "PGRST200",
    `Could not find a relationship between '${from}' and '${target}' in the schema cache`,
    {
      details:
        `Searched for a foreign key relationship between '${from}' and '${target}${using}' in the schema 'public', but no matches were found.`,
      hint: suggestName(catalog, from, { target, all }),
    },
  );
}

function suggestName(
  catalog: Catalog,
  from: string,
  { target, all }: { target: string; all: Relationship[] },
): string | null {
  const known = all.length > 0;
  const wrong = known ? target : from;
  const candidates = known
    ? all.map(({ to }) => to)
    : catalog.foreignKeys.flatMap((key) => [key.table, key.target]);
  const meant = suggest(wrong, candidates);
  return meant === undefined || meant === wrong
    ? null
    : `Perhaps you meant '${meant}' instead of '${wrong}'.`;
}
