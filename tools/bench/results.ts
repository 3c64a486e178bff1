/** What a part of the benchmark finds. */

/** A table of text. The first column is aligned to the left, the others to the right. */
export interface Table {
  title: string;
  /** What the figures are, in a sentence or two. */
  note?: string;
  /** Tables of the same group are printed as one, joined by their first column. */
  group?: string;
  head: string[];
  rows: string[][];
}

/** A figure to reach. */
export interface Aim {
  figure: string;
  value: number;
  aim: number;
  /** Whether the figure must be at least, or at most, the aim. */
  must: "≥" | "≤";
  unit?: string;
}

/** The results of one part. */
export interface PartResults {
  /** The raw figures, for `results.json`. */
  figures: Record<string, string | number>[];
  tables: Table[];
  aims: Aim[];
}

/** The results of a run. */
export interface Results {
  /** The machine and the programs. */
  environment: Record<string, string | number>;
  notes: string[];
  parts: Record<string, PartResults>;
}
