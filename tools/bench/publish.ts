/** Writes the results of a whole run where readers find them. */
import { drawPicture } from "./picture.ts";
import type { Results } from "./results.ts";
import { formatResults } from "./tables.ts";

const ROOT = new URL("../../", import.meta.url);
/** The raw figures of the last published run. */
export const RESULTS_FILE = new URL("tools/bench/results.json", ROOT);
/** The page with the tables. */
export const PAGE_FILE = new URL("docs/performance.md", ROOT);
/** The picture on that page. */
export const PICTURE_FILE = new URL("docs/performance.svg", ROOT);

const BEGIN = "<!-- Written by `deno task bench`: begin -->";
const END = "<!-- Written by `deno task bench`: end -->";

/** Writes `tools/bench/results.json`, `docs/performance.md` and `docs/performance.svg`. */
export async function publish(results: Results): Promise<void> {
  const page = insertResults(await Deno.readTextFile(PAGE_FILE), results);
  await Deno.writeTextFile(RESULTS_FILE, JSON.stringify(results, null, 2) + "\n");
  await Deno.writeTextFile(PAGE_FILE, page);
  await Deno.writeTextFile(PICTURE_FILE, drawPicture(results));
}

/**
 * Replaces what stands between the page's markers by the tables of a run.
 *
 * @throws {Error} when the page has no markers.
 */
export function insertResults(page: string, results: Results): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error("docs/performance.md has lost its markers");
  const before = page.slice(0, begin + BEGIN.length);
  return `${before}\n\n${formatResults(results)}\n\n${page.slice(end)}`;
}
