/**
 * `deno task bench`: compares the functions with a bare passthrough, with the patterns that are usual
 * instead, and with another gateway. `--help` lists the options.
 *
 * The ratios matter, not the figures. Contestants are measured in turn, in the same rounds and against
 * the same upstream, and ratios are taken within a round, so that other work on the machine affects
 * all of them.
 */
import { parseArgs } from "node:util";
import { describeEnvironment } from "./bench/environment.ts";
import { PARTS } from "./bench/parts.ts";
import { publish } from "./bench/publish.ts";
import type { Results } from "./bench/results.ts";
import { createBench } from "./bench/session.ts";
import { formatResults } from "./bench/tables.ts";

const HELP = `\
deno task bench [options]

Compares the functions with other ways to serve a model, and prints tables. Without options
it takes about 15 minutes and writes tools/bench/results.json, docs/performance.md and
docs/performance.svg.

  --quick        about 3 minutes, for a rough picture; writes nothing
  --only <list>  only these parts, separated by commas; writes nothing
  --help         prints this text

Parts
${Object.entries(PARTS).map(([name, { title }]) => `  ${name.padEnd(13)}  ${title}`).join("\n")}`;

/** Twice what the benchmark needs. A process that hangs must not hang the benchmark. */
const LONGEST_RUN_MS = 30 * 60_000;

const { quick: isQuick, only, help } = readOptions();
if (help) {
  console.log(HELP);
  Deno.exit();
}
const names = only ?? Object.keys(PARTS);

const watchdog = setTimeout(() => {
  console.error(`The benchmark did not end within ${LONGEST_RUN_MS / 60_000} minutes`);
  Deno.exit(1); // This closes the children's stdin, and they end, too.
}, LONGEST_RUN_MS);
const results: Results = { environment: await describeEnvironment(), notes: [], parts: {} };
{
  await using bench = await createBench({ isQuick });
  Object.assign(results.environment, { database: bench.store });
  for (const name of names) {
    console.error(`${name}: ${PARTS[name]!.title}`);
    results.parts[name] = await PARTS[name]!.run(bench);
  }
  results.notes.push(...bench.notes);
}
clearTimeout(watchdog);
console.log(formatResults(results));
if (!isQuick && !only) await publish(results);

function readOptions(): { quick: boolean; help: boolean; only?: string[] } {
  try {
    const { values: { quick = false, help = false, only } } = parseArgs({
      options: {
        quick: { type: "boolean" },
        only: { type: "string" },
        help: { type: "boolean" },
      },
    });
    const list = only?.split(",");
    const unknown = list?.find((name) => !Object.hasOwn(PARTS, name));
    if (unknown !== undefined) throw new Error(`Unknown part "${unknown}"`);
    return { quick, help, only: list };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
    Deno.exit(1);
  }
}
