/** Columns whose values are meant for machines: no model can read them, and they fill its context. */
import type { Fields } from "../fields.ts";

/** An array of at least this many numbers is an embedding. */
const MIN_VECTOR_LENGTH = 16;
/** A base64 text of at least this length is a file. */
const MIN_BASE64_LENGTH = 256;
/** How much of a text is looked at, characters: enough for the shortest vector. */
const PREFIX_LENGTH = 512;

/** The forms in which PostgREST returns machine data in JSON strings. */
const FORMS = [
  // bytea: \x89504e47
  /^\\x(?:[0-9a-f]{2})*$/,
  // vector and halfvec: [0.1,0.2,…]
  new RegExp(`^\\[(?:-?\\d[\\d.e+-]*,){${MIN_VECTOR_LENGTH - 1},}`, "i"),
  // sparsevec: {1:0.5,9:0.2}/1536
  /^\{\d+:-?\d[\d.e+-]*[,}]/i,
  // tsvector: 'invoice':1,5 'late':2
  /^'(?:[^']|'')*':\d/,
  // files as data URLs
  /^data:[\w.+/-]*(?:;[\w=-]+)*;base64,/i,
];

/** Rows without their machine columns. */
export interface ReadableRows {
  /** The rows, in their order. */
  rows: Fields[];
  /** The names of the columns that were left out. */
  omitted: string[];
}

/**
 * Leaves out the columns that hold binary data, vectors or text search data. A column is left out when
 * each of its values is `null` or has the form of such data.
 *
 * @param rows rows of one table, as PostgREST returns them.
 */
export function omitMachineColumns(rows: Fields[]): ReadableRows {
  const [first = {}] = rows;
  const omitted = Object.keys(first).filter((column) => isMachineColumn(rows, column));
  if (omitted.length === 0) return { rows, omitted };
  const left = rows.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([column]) => !omitted.includes(column)))
  );
  return { rows: left, omitted };
}

function isMachineColumn(rows: Fields[], column: string): boolean {
  const values = rows.map((row) => row[column]).filter((value) => value !== null);
  return values.length > 0 && values.every(isMachineData);
}

function isMachineData(value: unknown): boolean {
  if (Array.isArray(value)) {
    return value.length >= MIN_VECTOR_LENGTH && value.every((item) => typeof item === "number");
  }
  if (typeof value !== "string") return false;
  const prefix = value.slice(0, PREFIX_LENGTH);
  return FORMS.some((form) => form.test(prefix)) || isBase64(value, prefix);
}

/** A long text in base64. Words of ordinary text have spaces, and repeated characters are not data. */
function isBase64(value: string, prefix: string): boolean {
  if (value.length < MIN_BASE64_LENGTH || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(prefix)) return false;
  return /[A-Z]/.test(prefix) && /[a-z]/.test(prefix) && /\d/.test(prefix);
}
